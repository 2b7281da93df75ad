/* The batch script: bash accepts it, every argument arrives as it was given, and it asks Slurm for
 * what it was told to.
 * ranks: 1 */
#include "slurm/batch.h"
#include "slurm/scheduler.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const awkward[] = {"discover",    "my data's \"best\" $HOME `table`.csv",
                                      "--drop=a b",  "*",
                                      "~",           "",
                                      "-",           "back\\slash\\",
                                      "!history",    "M\303\274ller;rm -rf x",
                                      "#no comment", "(a)&b|c<d>e",
                                      "--seed",      "7"};
enum { N_AWKWARD = sizeof awkward / sizeof *awkward };

static const char *const reasons[] = {"first reason; $(echo x)", "second `reason`"};
static const char *const extra[] = {"--gres=gpu:1", "--exclude=n7 # a comment"};

static dsep_batch usual(void) {
    return (dsep_batch){.program = "/opt/my dsep/bin/dsep",
                        .arguments = awkward,
                        .n_arguments = N_AWKWARD,
                        .where = "/data/it's here",
                        .directory = "/data/a b/100%'s.job",
                        .output = "/data/a b/100%'s.h5",
                        .name = "x y#z",
                        .partition = "main",
                        .account = "my \"group\"",
                        .extra = extra,
                        .n_extra = 2,
                        .reasons = reasons,
                        .n_reasons = 2,
                        .nodes = 2,
                        .ranks = 8,
                        .memory_node = (3LL << 30) + 1,
                        .seconds = 90061.5,
                        .warning = 120,
                        .most_requeues = 5};
}

/* The script as a file; its text, which the caller frees. */
static char *script(const dsep_batch *batch, int merge, const char *path, dsep_error *error) {
    char *text = NULL;
    size_t length = 0;
    *error = (dsep_error){0};
    FILE *memory = open_memstream(&text, &length);
    const int code = merge ? dsep_batch_write_merge(memory, batch, error)
                           : dsep_batch_write(memory, batch, error);
    fclose(memory);
    FILE *file = fopen(path, "w");
    fwrite(text, 1, length, file);
    fclose(file);
    if (!code)
        return text;
    free(text);
    return NULL;
}

static int has_line(const char *text, const char *line) {
    const size_t length = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && at[length] == '\n')
            return 1;
    tap_note("no line %s", line);
    return 0;
}

/* What a line of shell prints, "$1" in it being the script; the caller frees it. */
static char *shell(const char *line, const char *path, int *status) {
    char *const argv[] = {"bash", "-c", (char *)line, "bash", (char *)path, NULL};
    char *output = NULL;
    dsep_error error = {0};
    dsep_scheduler_run(argv, &output, status, &error);
    if (*error.text)
        tap_note("%s", error.text);
    return output;
}

static int is_good_shell(const char *path) {
    int status = -1;
    free(shell("bash -n \"$1\"", path, &status));
    return status == 0;
}

/* The script with its launch replaced by a printer of words: the last part, and those before it,
 * run in an empty directory where nothing else happens. */
static const char *const print_words =
    "sed '/^# One thread/,$d' \"$1\" >\"$1.head\" && SLURM_JOB_ID=1 SLURM_ARRAY_JOB_ID=1 "
    "SLURM_ARRAY_TASK_ID=3 bash -c '. \"$1\"; printf \"%s\\n\" \"${command[@]}\" \"$where\" "
    "\"$program\" \"$directory\" \"$output\" \"$made\" \"$runs\"' bash \"$1.head\"";

static int prints(const char *path, const char *const *wanted, int count) {
    int status = -1, good = 1;
    char *output = shell(print_words, path, &status), *rest = output;
    for (int i = 0; i < count && good; i++) {
        const char *word = strsep(&rest, "\n");
        good = word && strcmp(word, wanted[i]) == 0;
        if (!good)
            tap_note("word %d is '%s', not '%s'", i, word ? word : "(none)", wanted[i]);
    }
    good = good && status == 0 && rest && !*rest;
    free(output);
    return good;
}

static void test_single(void) {
    dsep_error error;
    dsep_batch batch = usual();
    const char *path = tap_path("job.sh");
    char *text = script(&batch, 0, path, &error);
    tap_ok(text && is_good_shell(path), "bash accepts the script");
    const char *wanted[N_AWKWARD + 8];
    memcpy(wanted, awkward, sizeof awkward);
    const char *const rest[] = {"--progress-file",      "/data/a b/100%'s.job/progress.json",
                                "/data/it's here",      "/opt/my dsep/bin/dsep",
                                "/data/a b/100%'s.job", "/data/a b/100%'s.h5",
                                "/data/a b/100%'s.h5",  "/data/a b/100%'s.job/runs.txt"};
    memcpy(wanted + N_AWKWARD, rest, sizeof rest);
    tap_ok(prints(path, wanted, N_AWKWARD + 8), "every word arrives as it was given");
    tap_ok(text && has_line(text, "#SBATCH --job-name=\"x y#z\"") &&
               has_line(text, "#SBATCH --output=\"/data/a b/100%%'s.job/log.txt\"") &&
               has_line(text, "#SBATCH --account=\"my \\\"group\\\"\"") &&
               has_line(text, "#SBATCH --partition=main") && !strstr(text, "--qos") &&
               has_line(text, "#SBATCH --gres=gpu:1") &&
               has_line(text, "#SBATCH --exclude=n7 # a comment"),
           "names in the request keep blanks, quotes, # and %%");
    tap_ok(text && has_line(text, "#SBATCH --nodes=2") && has_line(text, "#SBATCH --ntasks=8") &&
               has_line(text, "#SBATCH --mem=3073M") && has_line(text, "#SBATCH --time=25:01:02") &&
               has_line(text, "#SBATCH --signal=USR1@120") && has_line(text, "#SBATCH --requeue") &&
               has_line(text, "#SBATCH --open-mode=append") && !strstr(text, "#SBATCH --array=") &&
               !strstr(text, "ntasks-per-node"),
           "numbers are rounded up, and what was not asked for is not there");
    tap_ok(text && has_line(text, "#   first reason; $(echo x)") &&
               has_line(text, "#   second `reason`"),
           "reasons are comments");
    free(text);
}

static void test_variants(void) {
    dsep_error error;
    dsep_batch batch = usual();
    const char *path = tap_path("variant.sh");
    batch.nodes = batch.memory_node = 0;
    batch.ranks_per_node = 4;
    batch.seconds = 240;
    batch.restart = 1;
    char *text = script(&batch, 0, path, &error);
    tap_ok(text && is_good_shell(path) && !strstr(text, "#SBATCH --nodes") &&
               !strstr(text, "--mem=") && !strstr(text, "--signal=USR1@") &&
               has_line(text, "#SBATCH --ntasks-per-node=4") && has_line(text, "restart=yes"),
           "no nodes and no memory; a job of four minutes is not warned; --restart");
    free(text);
    batch.seconds = 0;
    text = script(&batch, 0, path, &error);
    tap_ok(text && !strstr(text, "--time=") && has_line(text, "#SBATCH --signal=USR1@120"),
           "the partition's time: no --time, but the warning");
    free(text);
}

static void test_array(void) {
    dsep_error error;
    dsep_batch batch = usual();
    const char *path = tap_path("array.sh");
    static const char *const words[] = {"discover", "x"};
    batch.arguments = words;
    batch.n_arguments = 2;
    batch.parts = 3;
    char *text = script(&batch, 0, path, &error);
    static const char *const wanted[] = {"discover",
                                         "x",
                                         "--part",
                                         "3/3",
                                         "--progress-file",
                                         "/data/a b/100%'s.job/progress-3.json",
                                         "/data/it's here",
                                         "/opt/my dsep/bin/dsep",
                                         "/data/a b/100%'s.job",
                                         "/data/a b/100%'s.h5",
                                         "/data/a b/100%'s.h5.part-3-of-3",
                                         "/data/a b/100%'s.job/runs-3.txt"};
    tap_ok(text && is_good_shell(path) && has_line(text, "#SBATCH --array=1-3") &&
               has_line(text, "#SBATCH --output=\"/data/a b/100%%'s.job/log-%a.txt\"") &&
               prints(path, wanted, 12),
           "an array: each task its part, with files of its own");
    free(text);
    text = script(&batch, 1, path, &error);
    static const char *const merge[] = {"merge",
                                        "--output",
                                        "/data/a b/100%'s.h5",
                                        "/data/a b/100%'s.h5.part-1-of-3",
                                        "/data/a b/100%'s.h5.part-2-of-3",
                                        "/data/a b/100%'s.h5.part-3-of-3",
                                        "--progress-file",
                                        "/data/a b/100%'s.job/progress-merge.json",
                                        "/data/it's here",
                                        "/opt/my dsep/bin/dsep",
                                        "/data/a b/100%'s.job",
                                        "/data/a b/100%'s.h5",
                                        "/data/a b/100%'s.h5",
                                        "/data/a b/100%'s.job/runs-merge.txt"};
    tap_ok(text && is_good_shell(path) && !strstr(text, "#SBATCH --array=") &&
               has_line(text, "#SBATCH --job-name=\"x y#z-merge\"") && prints(path, merge, 14),
           "the job that unites them");
    free(text);
}

static void test_refusals(void) {
    dsep_error error;
    const char *path = tap_path("refused.sh");
    static const char *const lines[] = {"discover", "two\nlines"};
    dsep_batch batch = usual();
    batch.arguments = lines;
    batch.n_arguments = 2;
    tap_ok(!script(&batch, 0, path, &error) && error.code == DSEP_ERROR_USAGE &&
               strstr(error.text, "has a line end"),
           "a line end in an argument is refused");
    batch = usual();
    batch.directory = "/data/a\\b.job";
    tap_ok(!script(&batch, 0, path, &error) && error.code == DSEP_ERROR_USAGE &&
               strstr(error.text, "backslash"),
           "a backslash in the job's directory is refused");
    FILE *full = fopen("/dev/full", "w");
    error = (dsep_error){0};
    batch = usual();
    tap_ok(full && dsep_batch_write(full, &batch, &error) == DSEP_ERROR_IO, "a full disk is said");
    if (full)
        fclose(full);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    tap_directory();
    test_single();
    test_variants();
    test_array();
    test_refusals();
    return tap_end();
}
