#include "slurm/scheduler.h"

#include "mpi/memory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* --- the environment -------------------------------------------------------------------------- */

static int begins_with(const char *text, const char *const *beginnings) {
    for (; *beginnings; beginnings++)
        if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
            return 1;
    return 0;
}

int dsep_scheduler_passes_on(const char *setting) {
    static const char *const kept[] = {
        "OMPI_ALLOW_", "PMIX_MCA_", "SLURM_CONF=", "SLURM_CLUSTERS=", "SLURM_JWT=", NULL};
    static const char *const launcher[] = {"OMPI_MCA_ess",
                                           "OMPI_MCA_initial_wdir=",
                                           "OMPI_MCA_mpi_oversubscribe=",
                                           "OMPI_MCA_orte_app_num=",
                                           "OMPI_MCA_orte_ess_",
                                           "OMPI_MCA_orte_hnp_uri=",
                                           "OMPI_MCA_orte_jobfam_session_dir=",
                                           "OMPI_MCA_orte_launch=",
                                           "OMPI_MCA_orte_local_daemon_uri=",
                                           "OMPI_MCA_orte_num_",
                                           "OMPI_MCA_orte_precondition_transports=",
                                           "OMPI_MCA_orte_top_session_dir=",
                                           "OMPI_MCA_pmix=",
                                           "OMPI_MCA_shmem_RUNTIME_QUERY_hint=",
                                           NULL};
    static const char *const own[] = {
        "OMPI_", "PMIX_", "PMI_", "SLURM", "OPENBLAS_CORETYPE=", NULL};
    static const char *const mca[] = {"OMPI_MCA_", NULL};
    if (begins_with(setting, kept))
        return 1;
    if (begins_with(setting, mca))
        return !begins_with(setting, launcher);
    return !begins_with(setting, own);
}

/* What this process was started with: main() and MPI have added to the environment since. Texts
 * that end with a zero each; NULL where the system does not tell. */
static char *read_start(size_t *length) {
    char *text = NULL;
    size_t room = 0, got = 0;
    FILE *file = fopen("/proc/self/environ", "r");
    do {
        char *more = file && got == room ? realloc(text, (room = 2 * room + 65536) + 1) : text;
        if (!more)
            break;
        text = more;
        const size_t now = fread(text + got, 1, room - got, file);
        got += now;
        if (now == 0)
            break;
    } while (1);
    if (file)
        fclose(file);
    if (text)
        text[got] = '\0';
    *length = got;
    return text;
}

/* The settings that are passed on, lent from `start` or, without it, from this process. */
static char **chosen_settings(char *start, size_t length) {
    int64_t count = 0, all = 0;
    if (start)
        for (size_t i = 0; i < length; i++)
            all += start[i] == '\0' || i + 1 == length;
    else
        while (environ[all])
            all++;
    char **settings = dsep_array(all + 1, sizeof *settings);
    if (!settings)
        return NULL;
    char *at = start;
    for (int64_t i = 0; i < all; i++) {
        char *setting = start ? at : environ[i];
        at = start ? at + strlen(at) + 1 : NULL;
        if (strchr(setting, '=') && dsep_scheduler_passes_on(setting))
            settings[count++] = setting;
    }
    return settings;
}

/* --- running a program ------------------------------------------------------------------------ */

/* What comes out of a pipe. */
typedef struct {
    char *text;
    int64_t length, room;
} gathered;

/* Takes what is there. Returns whether more may come. */
static int gather(int pipe, gathered *g, dsep_error *error, int *code) {
    if (!*code)
        *code = dsep_array_reserve((void **)&g->text, &g->room, g->length + 4097, 1, error);
    char lost[4096];
    char *place = *code ? lost : g->text + g->length;
    const ssize_t got = read(pipe, place, 4096);
    if (got > 0 && !*code) {
        g->length += got;
        g->text[g->length] = '\0';
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Reads both ends until both are closed. */
static int gather_both(const int pipes[2], gathered g[2], dsep_error *error) {
    int code = DSEP_OK;
    struct pollfd ends[2] = {{pipes[0], POLLIN, 0}, {pipes[1], POLLIN, 0}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (poll(ends, 2, -1) < 0)
            continue; /* a signal */
        for (int i = 0; i < 2; i++)
            if (ends[i].fd >= 0 && ends[i].revents && !gather(pipes[i], &g[i], error, &code))
                ends[i].fd = -1;
    }
    return code;
}

/* Starts it with both pipes; 0, or an errno. */
static int start(char *const argv[], char **settings, const int out[2], const int err[2],
                 pid_t *process) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t manner;
    sigset_t none, usual;
    if (posix_spawn_file_actions_init(&files))
        return ENOMEM;
    if (posix_spawnattr_init(&manner)) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawnattr_setsigmask(&manner, &none);
    posix_spawnattr_setsigdefault(&manner, &usual);
    posix_spawnattr_setflags(&manner, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int wrong = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    wrong = wrong ? wrong : posix_spawn_file_actions_adddup2(&files, out[1], 1);
    wrong = wrong ? wrong : posix_spawn_file_actions_adddup2(&files, err[1], 2);
    wrong = wrong ? wrong : posix_spawnp(process, argv[0], &files, &manner, argv, settings);
    posix_spawnattr_destroy(&manner);
    posix_spawn_file_actions_destroy(&files);
    return wrong;
}

static int wait_for(pid_t process) {
    int how = 0;
    pid_t ended;
    while ((ended = waitpid(process, &how, 0)) < 0 && errno == EINTR)
        ;
    return ended < 0 ? 127 : WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

static void close_pipe(int ends[2]) {
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    ends[0] = ends[1] = -1;
}

static void close_end(int *end) {
    close(*end);
    *end = -1;
}

/* Texts without the line ends at their end. */
static void trim(gathered *g) {
    while (g->length > 0 && isspace((unsigned char)g->text[g->length - 1]))
        g->text[--g->length] = '\0';
}

/* With its environment known: starts it, gathers what it says, waits for its end. */
static int run_with(char *const argv[], char **settings, gathered said[2], int *status,
                    dsep_error *error) {
    int code = DSEP_OK, out[2] = {-1, -1}, err[2] = {-1, -1};
    pid_t process = 0;
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
        close_pipe(out);
        return dsep_error_set(error, DSEP_ERROR_IO, "cannot run %s: %s", argv[0], strerror(errno));
    }
    const int wrong = start(argv, settings, out, err, &process);
    close_end(&out[1]);
    close_end(&err[1]);
    if (wrong == ENOENT || wrong == EACCES || wrong == ENOTDIR)
        *status = 127;
    else if (wrong)
        code = dsep_error_set(error, DSEP_ERROR_IO, "cannot run %s: %s", argv[0], strerror(wrong));
    const int ends[2] = {out[0], err[0]};
    const int gathering = gather_both(ends, said, error);
    if (!wrong)
        *status = wait_for(process);
    close_pipe(out);
    close_pipe(err);
    return code ? code : gathering;
}

int dsep_scheduler_run(char *const argv[], char **output, int *status, dsep_error *error) {
    int code = DSEP_OK;
    gathered said[2] = {{0}};
    size_t length = 0;
    char *begin = read_start(&length), **settings = chosen_settings(begin, length);
    *output = NULL;
    *status = 127;
    if (error)
        error->text[0] = '\0';
    for (int i = 0; i < 2 && !code; i++)
        code = dsep_array_reserve((void **)&said[i].text, &said[i].room, 1, 1, error);
    if (!code)
        code = settings ? run_with(argv, settings, said, status, error)
                        : dsep_out_of_memory(error, "an environment");
    if (!code) {
        trim(&said[1]);
        if (error)
            snprintf(error->text, sizeof error->text, "%s", said[1].length ? said[1].text : "");
        if (said[0].length == 0)
            said[0].text[0] = '\0';
        *output = said[0].text;
        said[0].text = NULL;
    }
    free(said[0].text);
    free(said[1].text);
    free(settings);
    free(begin);
    return code;
}

/* --- what Slurm answers ----------------------------------------------------------------------- */

/* Whether a word such as `Reason=` begins here: what comes before a value in Slurm's answers. */
static int is_next_field(const char *text) {
    const char *at = text;
    while (isalnum((unsigned char)*at) || strchr("/:_", *at ? *at : ' '))
        at++;
    return at > text && *at == '=' && isupper((unsigned char)*text);
}

void dsep_scheduler_field(const char *answer, const char *field, char *text, int size) {
    const size_t length = strlen(field);
    *text = '\0';
    for (const char *at = answer; (at = strstr(at, field)); at++) {
        if ((at > answer && !isspace((unsigned char)at[-1])) || at[length] != '=')
            continue;
        const char *value = at + length + 1, *end = value;
        while (*end && *end != '\n' && !(*end == ' ' && is_next_field(end + 1)))
            end++;
        while (end > value && end[-1] == ' ')
            end--;
        snprintf(text, (size_t)size, "%.*s", (int)(end - value), value);
        return;
    }
}
