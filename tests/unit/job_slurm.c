/* Slurm's answers about jobs: words of one line a task, numbers of tasks, moments, directories.
 * ranks: 1 */
#include "jobs/job_slurm.h"
#include "tests/support/tap.h"

#include <stdlib.h>
#include <string.h>

static int is_about(const char *tasks, int64_t k) {
    dsep_slurm_word word = {0};
    strncpy(word.tasks, tasks, sizeof word.tasks - 1);
    return dsep_slurm_is_about(&word, k);
}

static void test_tasks(void) {
    tap_ok(is_about("7", 7) && !is_about("7", 6) && !is_about("7", 77), "one task");
    tap_ok(is_about("2-4", 2) && is_about("2-4", 4) && !is_about("2-4", 1) && !is_about("2-4", 5),
           "a range of tasks");
    tap_ok(is_about("1,3-5,9%2", 1) && is_about("1,3-5,9%2", 4) && is_about("1,3-5,9%2", 9) &&
               !is_about("1,3-5,9%2", 2),
           "a list, with how many may run");
    tap_ok(is_about("3-4%2", 4) && !is_about("3-4%2", 2), "a range with how many may run");
    tap_ok(is_about("1-9:4", 5) && is_about("1-9:4", 9) && !is_about("1-9:4", 4), "steps");
    tap_ok(!is_about("", 1) && !is_about("none", 1) && !is_about("-", 1) && !is_about("1-9:0", 2),
           "what is no number is about nothing");
}

static void test_words(void) {
    static const char answer[] =
        "JobId=20 ArrayJobId=13 ArrayTaskId=2 JobName=x JobState=FAILED Reason=NonZeroExitCode "
        "Dependency=(null) Requeue=1 Restarts=3 ExitCode=5:0 NodeList=n2 "
        "Command=/a b/x.job/job.sh now WorkDir=/a b\n"
        "\nJobId=14 JobState=PENDING Reason=Dependency Dependency=afterok:13_*(unfulfilled) "
        "StartTime=Unknown NodeList= SchedNodeList=n1 Command=/a b/x.job/merge.sh WorkDir=/a\n";
    const char *at = answer;
    dsep_slurm_word word;
    tap_ok(dsep_slurm_next(&at, &word) && word.number == 20 && word.restarts == 3 &&
               strcmp(word.tasks, "2") == 0 && strcmp(word.state, "FAILED") == 0 &&
               strcmp(word.exit_code, "5:0") == 0 && strcmp(word.directory, "/a b/x.job") == 0 &&
               !word.merges,
           "a task of an array");
    tap_ok(dsep_slurm_next(&at, &word) && word.number == 14 && word.merges && !*word.tasks &&
               !*word.nodes && strcmp(word.dependency, "afterok:13_*(unfulfilled)") == 0 &&
               strcmp(word.directory, "/a b/x.job") == 0,
           "the job that unites its parts");
    tap_ok(!dsep_slurm_next(&at, &word) && word.number == 0, "then no more");
    at = "slurm_load_jobs error: Invalid job id specified";
    tap_ok(!dsep_slurm_next(&at, &word), "a message is no word");
}

static void test_queue(void) {
    static const char queue[] = "7 /a b/x.job/job.sh\n8 sleep 3\n9 /a b/y.job/job.sh 1\n"
                                "12 /a b/x.job/merge.sh\n13 /a b/x.job/other.sh";
    const char *at = queue;
    tap_ok(dsep_slurm_next_in(&at, "/a b/x.job") == 7 &&
               dsep_slurm_next_in(&at, "/a b/x.job") == 12 &&
               dsep_slurm_next_in(&at, "/a b/x.job") == 0,
           "the jobs whose scripts stand in a directory");
    at = NULL;
    tap_ok(dsep_slurm_next_in(&at, "/a b/x.job") == 0, "no queue, no jobs");
}

static void test_moments(void) {
    setenv("TZ", "UTC-2", 1);
    tap_ok(dsep_slurm_moment("1970-01-01T00:01:00Z") == 60 &&
               dsep_slurm_moment("1970-01-01T02:01:00") == 60,
           "moments of files are in UTC, those of Slurm in local time");
    tap_ok(dsep_slurm_moment("Unknown") == -1 && dsep_slurm_moment("") == -1 &&
               dsep_slurm_moment("1970-01-01T00:01:00+3") == -1,
           "what is none");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_tasks();
    test_words();
    test_queue();
    test_moments();
    return tap_end();
}
