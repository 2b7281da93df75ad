/* Slurm's commands: running them without a shell, with what they print, how they end, and an
 * environment that holds nothing of this run; reading fields of `scontrol show job`; what fits a
 * partition.
 * ranks: 1 2 */
#include "slurm/scheduler.h"
#include "slurm/partition.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dsep_error error;

/* What a line of shell gives; the caller frees it. */
static char *shell(const char *line, int *status) {
    char *const argv[] = {"sh", "-c", (char *)line, NULL};
    char *output = NULL;
    error = (dsep_error){0};
    const int code = dsep_scheduler_run(argv, &output, status, &error);
    if (code)
        tap_note("%s: %d %s", line, code, error.text);
    return output;
}

static int gives(const char *line, int wanted, const char *out, const char *err) {
    int status = -1;
    char *output = shell(line, &status);
    const int good = output && status == wanted && strcmp(output, out) == 0 &&
                     strcmp(error.text, err) == 0 && error.code == 0;
    if (!good)
        tap_note("%s: status %d, output '%s', text '%s'", line, status, output ? output : "(null)",
                 error.text);
    free(output);
    return good;
}

static void test_running(void) {
    tap_ok(gives("echo out; echo err >&2; exit 3", 3, "out\n", "err"),
           "output, messages and exit code of a program");
    tap_ok(gives("true", 0, "", ""), "one that says nothing");
    tap_ok(gives("kill -9 $$", 137, "", ""), "one that a signal ended");
    tap_ok(gives("cat; echo \"it's $#\"", 0, "it's 0\n", ""), "it has nothing to read");
    tap_ok(gives("trap '' PIPE; kill -TERM $$; echo still here", 143, "", ""),
           "signals mean what they usually mean");
    int status = -1;
    char *output = shell("for i in 1 2 3 4; do head -c 100000 /dev/zero | tr '\\0' x; "
                         "head -c 100000 /dev/zero | tr '\\0' y >&2; done",
                         &status);
    tap_ok(output && status == 0 && strlen(output) == 400000 &&
               strlen(error.text) == sizeof error.text - 1,
           "much on both ways at once: all of the output, the beginning of the messages");
    free(output);
    char *const missing[] = {"dsep-no-such-program", NULL};
    output = NULL;
    const int code = dsep_scheduler_run(missing, &output, &status, &error);
    tap_ok(code == DSEP_OK && status == 127 && output && !*output, "one that is not there: 127");
    free(output);
}

static void test_environment(void) {
    static const char *const on[] = {"PATH=/bin",
                                     "SLURM_CONF=/etc/slurm.conf",
                                     "SBATCH_ACCOUNT=abc",
                                     "OMPI_MCA_btl_tcp_if_include=ib0",
                                     "OMPI_MCA_pml=ucx",
                                     "OMPI_ALLOW_RUN_AS_ROOT=1",
                                     "PMIX_MCA_gds=hash",
                                     "SLURM_CLUSTERS=all",
                                     "OMP_NUM_THREADS=1",
                                     "DSEP_NODE_RANKS=2",
                                     "OPENBLAS_NUM_THREADS=1"};
    static const char *const off[] = {"OMPI_COMM_WORLD_SIZE=2",
                                      "OMPI_MCA_ess=^singleton",
                                      "OMPI_MCA_ess_base_jobid=1",
                                      "OMPI_MCA_orte_hnp_uri=1;tcp://1.2.3.4:5",
                                      "PMIX_RANK=0",
                                      "PMI_RANK=0",
                                      "SLURM_MEM_PER_CPU=512",
                                      "SLURM_JOB_ID=7",
                                      "SLURMD_NODENAME=n1",
                                      "OPENBLAS_CORETYPE=SkylakeX"};
    int good = 1;
    for (size_t i = 0; i < sizeof on / sizeof *on; i++)
        good &= dsep_scheduler_passes_on(on[i]);
    tap_ok(good, "a user's settings are passed on");
    good = 1;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        good &= !dsep_scheduler_passes_on(off[i]);
    tap_ok(good, "those of a launcher, of a job around this run, and of this CPU are not");
    setenv("DSEP_TEST_SET_LATER", "yes", 1);
    tap_ok(gives("echo \"$DSEP_TEST_SET_LATER$OMPI_COMM_WORLD_RANK$PMIX_RANK,$OMPI_MCA_ess\"; "
                 "test -n \"$PATH\"",
                 0, ",\n", ""),
           "a program has what this one was started with, and nothing of MPI");
}

static int is_field(const char *field, const char *wanted) {
    static const char answer[] =
        "JobId=12 JobName=two words\n"
        "   UserId=ada(1000) GroupId=ada(1000) MCS_label=N/A\n"
        "   Priority=1 Nice=0 Account=(null) QOS=(null)\n"
        "   JobState=PENDING Reason=Nodes required for job are DOWN, DRAINED or reserved "
        "Dependency=(null)\n"
        "   Requeue=1 Restarts=3 BatchFlag=2 Reboot=0 ExitCode=0:0\n"
        "   Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*\n"
        "   Command=/data/my job/job.sh\n   WorkDir=/data/my job\n   StdErr=\n";
    char text[100] = "?";
    dsep_scheduler_field(answer, field, text, sizeof text);
    if (strcmp(text, wanted) != 0)
        tap_note("%s: '%s'", field, text);
    return strcmp(text, wanted) == 0;
}

static void test_fields(void) {
    tap_ok(is_field("JobId", "12") && is_field("Restarts", "3") && is_field("ExitCode", "0:0"),
           "fields at the beginning, in the middle and at the end of a line");
    tap_ok(is_field("JobName", "two words") && is_field("WorkDir", "/data/my job") &&
               is_field("Reason", "Nodes required for job are DOWN, DRAINED or reserved") &&
               is_field("Socks/Node", "*"),
           "values with blanks in them");
    tap_ok(is_field("StdErr", "") && is_field("Name", "") && is_field("Node", "") &&
               is_field("State", ""),
           "nothing of an empty field, of a part of a name, of one that is not there");
    char text[4] = "";
    dsep_scheduler_field("JobState=RUNNING", "JobState", text, sizeof text);
    tap_ok(strcmp(text, "RUN") == 0, "a value is cut where it has no room");
}

static int refuses(const dsep_partition *p, int64_t nodes, int64_t ranks, double memory,
                   const char *words) {
    error = (dsep_error){0};
    const int code = dsep_partition_holds(p, nodes, ranks, (int64_t)(memory * (1 << 30)), &error);
    const int good = words ? code == DSEP_ERROR_RESOURCES && strstr(error.text, words) : !code;
    if (!good)
        tap_note("%lld nodes, %lld ranks, %g GiB: %d %s", (long long)nodes, (long long)ranks,
                 memory, code, error.text);
    return good;
}

static void test_partition(void) {
    static const char answer[] = "debug|2|4|4096|30:00\n"
                                 "main*|6|8|16384|1-02:00:00\n"
                                 "main*|1|32|65536|1-02:00:00\n"
                                 "long|9|8|8192|infinite\n";
    dsep_partition p;
    dsep_partition_read(answer, NULL, &p);
    tap_ok(p.found && strcmp(p.name, "main") == 0 && p.n_kinds == 2 && p.seconds == 93600 &&
               p.kind[0].memory == 64LL << 30 && p.kind[0].cores == 32 && p.kind[1].nodes == 6,
           "the partition of jobs that name none, its largest nodes first");
    tap_ok(refuses(&p, 7, 80, 16, NULL) && refuses(&p, 0, 80, 16, NULL) &&
               refuses(&p, 1, 32, 64, NULL),
           "what just fits");
    tap_ok(refuses(&p, 1, 1, 64.1, "no node of partition main has more than 64.0 GiB"),
           "too much memory");
    tap_ok(
        refuses(&p, 2, 2, 20, "which has 1 such node with 32 cores; --nodes 1 --ranks 2 would fit"),
        "too many nodes of so much memory");
    tap_ok(refuses(&p, 2, 41, 1, "--nodes 2 --ranks 40 would fit") &&
               refuses(&p, 0, 81, 1, "--nodes 7 --ranks 80 would fit"),
           "too many ranks for the nodes, and for all of them");
    dsep_partition_read("debug|2|4|4096|30:00\n", NULL, &p);
    tap_ok(!p.found && refuses(&p, 99, 99, 99, NULL), "none is known: nothing is refused");
    dsep_partition_read("a*|2|4|4096|30:00\nb|2|4|4096|2:30:00\n", "a,b", &p);
    tap_ok(p.found && p.seconds == 9000 && strcmp(p.name, "a,b") == 0,
           "of a list the longest limit");
    dsep_partition_read("long|9|8|8192|infinite\nshort|1|1|1|1:00\n", "long,short", &p);
    tap_ok(p.found && p.seconds == 0, "no limit is the longest");
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_running();
    test_environment();
    test_fields();
    test_partition();
    return tap_end();
}
