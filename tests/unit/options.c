/* The command line: every kind of option in every form, the study file under the line, errors with
 * their exact words, texts for provenance that read back to the same settings; and where a result
 * goes. */
#include "jobs/options.h"
#include "jobs/option_scope.h"
#include "jobs/output_path.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_WORDS = 40 };

typedef struct {
    dsep_common_settings common;
    int flag, choice;
    int64_t count, size, each;
    double real;
    char *text, *lines;
    dsep_list whole, reals, members;
    struct {
        int64_t count2;
    } more;
} settings;

#define FIELD(name) offsetof(settings, name)

static const dsep_option own[] = {
    {"flag", 'f', DSEP_OPTION_FLAG, FIELD(flag), NULL, NULL, 0, 0, NULL, "a flag"},
    {"count", 'c', DSEP_OPTION_INTEGER, FIELD(count), "N", "7", -5, 100, NULL, "a number"},
    {"real", 'r', DSEP_OPTION_REAL, FIELD(real), "R", "0.25", 0, 1, NULL, "a real number"},
    {"text", 't', DSEP_OPTION_TEXT, FIELD(text), "TEXT", NULL, 0, 0, NULL, "a text"},
    {"choice", 'x', DSEP_OPTION_CHOICE, FIELD(choice), NULL, "beta", 0, 0, "alpha|beta|be|gamma",
     "a choice"},
    {"whole", 0, DSEP_OPTION_INTEGERS, FIELD(whole), "N,...", "all", 1, 1000, "all", "numbers"},
    {"reals", 0, DSEP_OPTION_REALS, FIELD(reals), "R,...", NULL, -1, 1, NULL, "real numbers"},
    {"members", 0, DSEP_OPTION_CHOICES, FIELD(members), NULL, NULL, 0, 0, "alpha|beta|be",
     "choices"},
    {"each", 0, DSEP_OPTION_INTEGER, FIELD(each), "N", "auto", 1, 5, "auto", "a number or a word"},
    {"lines", 'l', DSEP_OPTION_LINES, FIELD(lines), "LINE", NULL, 0, 0, NULL, "lines"},
    {"size", 's', DSEP_OPTION_SIZE, FIELD(size), "SIZE", NULL, 0, 0, NULL, "a size"},
    {0},
};

static const dsep_option shared[] = {
    {"count-two", 0, DSEP_OPTION_INTEGER, 0, "N", "-3", -10, 10, NULL, "in a struct of its own"},
    {0},
};

static const dsep_option_group groups[] = {
    {"Own", own, 0, NULL},
    {"Shared", shared, FIELD(more), "fast slow"},
    {"Common", dsep_common_options, FIELD(common), NULL},
    {0},
};

static const dsep_command command = {.name = "try",
                                     .arguments = "DATA ",
                                     .summary = "",
                                     .description = "",
                                     .examples = "  dsep try data.csv\n",
                                     .min_arguments = 1,
                                     .max_arguments = 2,
                                     .groups = groups,
                                     .settings_size = sizeof(settings)};

static dsep_context *ctx;
static dsep_error error;

/* Words as a shell would give them, and what became of them. */
typedef struct {
    char *words[MOST_WORDS + 1];
    int count;
    dsep_invocation *call;
    const settings *got;
    int code;
} parsed;

static void parse_words(parsed *p) {
    static char *argv[MOST_WORDS + 1]; /* the invocation lends its arguments from here */
    memcpy(argv, p->words, sizeof argv);
    error = (dsep_error){0};
    p->code = dsep_options_parse(&command, p->count, argv, &error, &p->call);
    p->got = p->call ? p->call->settings : NULL;
}

/* Cuts `line` at blanks; ~ stands for a blank inside of a word. */
static parsed parse(const char *line) {
    static char copy[2048];
    parsed p = {.count = 0};
    snprintf(copy, sizeof copy, "try %s", line);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) && p.count < MOST_WORDS;) {
        if (!*word)
            continue;
        for (char *c = word; *c; c++)
            *c = *c == '~' ? ' ' : *c;
        p.words[p.count++] = word;
    }
    p.words[p.count] = NULL;
    parse_words(&p);
    return p;
}

static int same_text(const char *left, const char *right) {
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static int same_list(dsep_list a, dsep_list b) {
    int same = a.count == b.count;
    for (int64_t i = 0; same && i < a.count; i++)
        same = a.values[i] == b.values[i];
    return same;
}

static int same_settings(const settings *a, const settings *b) {
    return a && b && a->flag == b->flag && a->choice == b->choice && a->count == b->count &&
           a->size == b->size && a->each == b->each && a->real == b->real &&
           same_text(a->text, b->text) && same_text(a->lines, b->lines) &&
           a->more.count2 == b->more.count2 && same_list(a->whole, b->whole) &&
           same_list(a->reals, b->reals) && same_list(a->members, b->members) &&
           a->common.seed == b->common.seed && a->common.progress == b->common.progress &&
           a->common.quiet == b->common.quiet && same_text(a->common.output, b->common.output) &&
           same_text(a->common.log_json, b->common.log_json);
}

/* --- good lines ------------------------------------------------------------------------------ */

static int parses(const char *line, settings wanted) {
    parsed p = parse(line);
    const int good = p.code == DSEP_OK && same_settings(p.got, &wanted) &&
                     p.call->n_arguments == 1 && strcmp(p.call->arguments[0], "data.csv") == 0;
    if (!good)
        tap_note("%s: %d %s", line, p.code, error.text);
    dsep_invocation_destroy(&p.call);
    return good;
}

static settings defaults(void) {
    static double all[1] = {0};
    return (settings){.whole = {1, all},
                      .count = 7,
                      .real = .25,
                      .choice = 1,
                      .more = {-3},
                      .common = {.seed = 1, .progress = 30}};
}

static void test_forms(void) {
    tap_ok(parses("data.csv", defaults()), "defaults");
    settings all = defaults();
    all.flag = 1;
    all.count = -5;
    all.real = 1e-3;
    all.text = "two words";
    all.choice = 3;
    all.size = 4LL << 30;
    all.more.count2 = 10;
    all.common.output = "r.h5";
    tap_ok(parses("--flag --count -5 --real 1e-3 --text two~words --choice gamma --size 4G "
                  "--count-two 10 --output r.h5 data.csv",
                  all),
           "long forms");
    tap_ok(
        parses("data.csv -f -c -5 -r 1e-3 -t two~words -x gamma -s 4G --count-two 10 -o r.h5", all),
        "short forms, after the argument");
    tap_ok(parses("-fc-5 -r0.001 -ttwo~words data.csv -xgamma -s4G --count-two 10 -or.h5", all),
           "short forms run together");
    tap_ok(parses("--flag --count=-5 --real=.001 --text=two~words --choice=gamma --size=4G "
                  "data.csv --count-two=10 --output=r.h5",
                  all),
           "values after =");
    settings last = defaults();
    last.count = 9;
    tap_ok(parses("-c 8 data.csv --count 9", last), "the last one wins");
    settings ends = defaults();
    ends.count = 100;
    ends.real = 0;
    tap_ok(parses("-c 100 -r 0 -- data.csv", ends), "ends of ranges, and -- ends the options");
    settings empty = defaults();
    empty.text = "";
    tap_ok(parses("--text= data.csv", empty), "an empty text is a text");
}

static void test_choices(void) {
    static const char *const good[] = {"alpha", "beta", "be", "gamma"};
    static const char *const bad[] = {"a",     "alph", "bet",        "b",    "alphas",
                                      "Alpha", "|",    "alpha|beta", "gamm", "gamma|"};
    int right = 1;
    for (int i = 0; i < 4; i++) {
        char line[64];
        settings wanted = defaults();
        wanted.choice = i;
        snprintf(line, sizeof line, "data.csv -x %s", good[i]);
        right &= parses(line, wanted);
    }
    tap_ok(right, "each choice by its name");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[64], said[128];
        snprintf(line, sizeof line, "data.csv -x %s", bad[i]);
        snprintf(said, sizeof said, "--choice %s: expected one of alpha|beta|be|gamma", bad[i]);
        parsed p = parse(line);
        tap_ok(p.code == DSEP_ERROR_USAGE && !p.call && strcmp(error.text, said) == 0,
               "no choice: '%s'", bad[i]);
        dsep_invocation_destroy(&p.call);
    }
    tap_ok(parse("data.csv --choice=").code == DSEP_ERROR_USAGE, "no choice at all");
}

static void test_sizes(void) {
    static const struct {
        const char *text;
        double bytes;
    } good[] = {{"500M", 500. * 1048576}, {"4G", 4 * 0x1p30},
                {"1.5TiB", 1.5 * 0x1p40}, {"1.5TB", 1.5 * 0x1p40},
                {"1T", 0x1p40},           {"2k", 2048},
                {"3g", 3 * 0x1p30},       {"12345", 12345},
                {"1P", 0x1p50},           {"0.5K", 512},
                {"7GiB", 7 * 0x1p30}};
    static const char *const bad[] = {"",     "G",    "-1G", "0",      "0G",  "4X",  "4GG",
                                      "4Gi",  "4GiX", "4~",  "4~B",    "nan", "inf", "1e30",
                                      "1e9P", "4~G",  "GiB", "0.0001", "4G~"};
    int right = 1;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char line[64];
        settings wanted = defaults();
        wanted.size = (int64_t)good[i].bytes;
        snprintf(line, sizeof line, "data.csv --size=%s", good[i].text);
        right &= parses(line, wanted);
    }
    tap_ok(right, "sizes with K, M, G, T, P, also with B and iB");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char line[64];
        snprintf(line, sizeof line, "data.csv --size=%s", bad[i]);
        parsed p = parse(line);
        tap_ok(p.code == DSEP_ERROR_USAGE && !p.call &&
                   strstr(error.text, "expected a size such as 500M, 4G or 1.5T"),
               "no size: '%s'", bad[i]);
        dsep_invocation_destroy(&p.call);
    }
}

static void test_lists(void) {
    double whole[] = {200, 0, 1000}, reals[] = {0.1, -1, 1e-300}, members[] = {2, 0, 1};
    settings lists = defaults();
    lists.whole = (dsep_list){3, whole};
    lists.reals = (dsep_list){3, reals};
    lists.members = (dsep_list){3, members};
    tap_ok(parses("data.csv --whole 200,all,1000 --reals 0.1,-1,1e-300 --members be,alpha,beta",
                  lists),
           "lists");
    lists.whole.count = lists.reals.count = lists.members.count = 1;
    tap_ok(parses("data.csv --reals .3 --whole=200 --reals=0.1 --members be", lists),
           "lists of one; the last list wins");
}

/* --- wrong lines ----------------------------------------------------------------------------- */

static void test_error(const char *line, const char *said) {
    parsed p = parse(line);
    if (!tap_ok(p.code == DSEP_ERROR_USAGE && error.code == p.code && !p.call &&
                    strcmp(error.text, said) == 0,
                "try %s: %.*s", line, (int)strcspn(said, "\n"), said))
        tap_note("%d: %s", p.code, error.text);
    dsep_invocation_destroy(&p.call);
}

static void test_errors(void) {
    test_error("data.csv --count 101", "--count 101: expected a whole number from -5 to 100");
    test_error("data.csv --each 0", "--each 0: expected a whole number from 1 to 5 or auto");
    test_error("data.csv -c -6", "--count -6: expected a whole number from -5 to 100");
    test_error("data.csv -c 1.5", "--count 1.5: expected a whole number from -5 to 100");
    test_error("data.csv -c many", "--count many: expected a whole number from -5 to 100");
    test_error("data.csv --count=", "--count : expected a whole number from -5 to 100");
    test_error("data.csv -c 99999999999999999999",
               "--count 99999999999999999999: expected a whole number from -5 to 100");
    test_error("data.csv --real 1.5", "--real 1.5: expected a number from 0 to 1");
    test_error("data.csv --real nan", "--real nan: expected a number from 0 to 1");
    test_error("data.csv --real inf", "--real inf: expected a number from 0 to 1");
    test_error("data.csv --real 0,5", "--real 0,5: expected a number from 0 to 1");
    test_error("data.csv --whole 5,1001", "--whole 1001: expected a whole number from 1 to 1000 "
                                          "or all, or several with commas between them");
    test_error("data.csv --whole all,0", "--whole 0: expected a whole number from 1 to 1000 "
                                         "or all, or several with commas between them");
    test_error("data.csv --reals 0.5,,0", "--reals : expected a number from -1 to 1, or several "
                                          "with commas between them");
    test_error("data.csv --reals 0.5;0", "--reals 0.5;0: expected a number from -1 to 1, or "
                                         "several with commas between them");
    test_error("data.csv --members alpha,bet", "--members bet: expected one of alpha|beta|be, or "
                                               "several with commas between them");
    test_error("data.csv --seed -1",
               "--seed -1: expected a whole number from 0 to 9200000000000000000");
    test_error("data.csv --colour red", "--colour is no option of dsep try; see dsep try --help");
    test_error("data.csv --colour=red",
               "--colour=red is no option of dsep try; see dsep try --help");
    test_error("data.csv --chioce=be",
               "--chioce=be is no option of dsep try; did you mean --choice?; see dsep try --help");
    test_error("data.csv -z", "-z is no option of dsep try; see dsep try --help");
    test_error("data.csv -fz", "-z is no option of dsep try; see dsep try --help");
    test_error("data.csv --count", "--count needs a value; see dsep try --help");
    test_error("data.csv -c", "-c needs a value; see dsep try --help");
    test_error("", "dsep try needs DATA ; for example:\n  dsep try data.csv\n");
    test_error("a b c", "dsep try does not know what to do with 'c'; see dsep try --help");
    parsed p = parse("data.csv --flag=maybe");
    tap_ok(p.code == DSEP_ERROR_USAGE && !p.call && strstr(error.text, "--flag") &&
               !strstr(error.text, "is no option"),
           "a value for a flag is refused, and not as an unknown option");
    dsep_invocation_destroy(&p.call);
}

static void test_arguments(void) {
    parsed p = parse("a -c 3 b");
    tap_ok(p.code == DSEP_OK && p.call->n_arguments == 2 &&
               strcmp(p.call->arguments[0], "a") == 0 && strcmp(p.call->arguments[1], "b") == 0 &&
               p.got->count == 3,
           "arguments around an option");
    dsep_invocation_destroy(&p.call);
    dsep_invocation_destroy(&p.call);
    dsep_invocation_destroy(NULL);
    p = parse("--help");
    tap_ok(p.code == DSEP_OK && p.got->common.help, "--help needs no arguments");
    dsep_invocation_destroy(&p.call);
    p = parse("--version");
    tap_ok(p.code == DSEP_OK && p.got->common.version, "--version needs none");
    dsep_invocation_destroy(&p.call);
    p = parse("-- --count");
    tap_ok(p.code == DSEP_OK && p.call->n_arguments == 1 &&
               strcmp(p.call->arguments[0], "--count") == 0,
           "a file that is called like an option");
    dsep_invocation_destroy(&p.call);
}

/* --- the study file -------------------------------------------------------------------------- */

static const char *write_study(const char *text) {
    const char *path = tap_path("study.ini");
    dsep_barrier(ctx); /* all have read the last one */
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    dsep_barrier(ctx);
    return path;
}

/* Parses "data.csv --study FILE" and more, with the file's path as it is. */
static parsed parse_study(const char *text, const char *more) {
    char line[1024];
    snprintf(line, sizeof line, "data.csv --study %s %s", write_study(text), more);
    return parse(line);
}

static void test_study(const char *what, const char *text, const char *more, settings wanted) {
    parsed p = parse_study(text, more);
    if (!tap_ok(p.code == DSEP_OK && same_settings(p.got, &wanted), "study file: %s", what))
        tap_note("%d: %s", p.code, error.text);
    dsep_invocation_destroy(&p.call);
}

static void test_studies(void) {
    settings all = defaults();
    all.flag = 1;
    all.count = 50;
    all.real = .125;
    all.text = "two words";
    all.choice = 0;
    all.size = 3LL << 20;
    all.more.count2 = 4;
    all.common.seed = 99;
    const char *text = "# a study\n[try]\nflag = yes\ncount = 50\nreal=0.125\ntext = two words\n"
                       "choice = alpha\nsize = 3M\ncount-two = 4\nseed = 99\n";
    test_study("every kind", text, "", all);
    settings over = all;
    over.count = 3;
    over.choice = 2;
    test_study("the line wins", text, "-c 3 --choice be", over);
    test_study("a section of another command is skipped",
               "[compare]\ncount = 1\nwhat = ever\n[try]\nflag = yes\ncount = 50\nreal=0.125\n"
               "text = two words\nchoice = alpha\nsize = 3M\n[show]\ncount = 2\n[try]\n"
               "count-two = 4\nseed = 99\n",
               "", all);
    settings some = defaults();
    some.count = 8;
    test_study("lines before any section are for every command", "count = 8\n[show]\ncount = 9\n",
               "", some);
    test_study("a section overrides them", "count = 5\n[try]\ncount = 8\n", "", some);
    test_study("a mark at the file's beginning", "\xEF\xBB\xBF[try]\r\ncount = 8\r\n", "", some);
    test_study("a colon between name and value", "[try]\ncount: 8\n", "", some);
    test_study("an empty section", "[try]\n", "", defaults());
    some.text = "a:b=c";
    test_study("the first of = and : divides", "[try]\ntext = a:b=c\ncount : 8\n", "", some);
    some.text = "a";
    test_study("an indented line is a line of its own", "[try]\ntext = a\n  count = 8\n", "", some);
    settings off = defaults();
    test_study("a flag may be said not to be set", "[try]\nflag = no\nquiet = false\n", "", off);
    off.flag = 1;
    test_study("and the line sets it", "[try]\nflag = no\n", "-f", off);
}

/* The whole message, with %s for the file's path. */
static void test_study_error(const char *text, int code, const char *said) {
    char wanted[1024];
    parsed p = parse_study(text, "");
    snprintf(wanted, sizeof wanted, said, tap_path("study.ini"));
    if (!tap_ok(p.code == code && !p.call && strcmp(error.text, wanted) == 0, "study file: %.70s",
                said))
        tap_note("%d: %s", p.code, error.text);
    dsep_invocation_destroy(&p.call);
}

static void test_study_errors(void) {
    test_study_error("[try]\ncolour = red\n", DSEP_ERROR_USAGE,
                     "%s:2: 'colour' is no option of dsep try; see dsep try --help");
    test_study_error("[try]\ncolour = red\ncount = 5\n", DSEP_ERROR_USAGE,
                     "%s:2: 'colour' is no option of dsep try; see dsep try --help");
    test_study_error("[try]\n\ncount = 5\nwhat is this\n", DSEP_ERROR_USAGE,
                     "%s:4: expected `name = value`");
    test_study_error("[try]\n# note\ncount = 101\nreal = 0.5\n", DSEP_ERROR_USAGE,
                     "%s:3: --count 101: expected a whole number from -5 to 100");
    test_study_error("[try]\nreal = 0.5\nflag = maybe\n", DSEP_ERROR_USAGE,
                     "%s:3: --flag maybe: expected yes or no");
    test_study_error("[try]\ncount = 5\nreal = 0.5\ncount = 5\n", DSEP_ERROR_USAGE,
                     "%s:4: 'count' was set in line 2 already; leave one of them out");
    test_study_error("[tyr]\ncount = 5\n", DSEP_ERROR_USAGE,
                     "%s:1: [tyr] is no command of dsep, as sections are; see dsep --help");
    test_study_error("[try]\nstudy = other.ini\n", DSEP_ERROR_USAGE,
                     "%s:2: a study file cannot name another");
    test_study_error("[compare]\ntop = 5\n", DSEP_ERROR_USAGE,
                     "%s says nothing to dsep try: it has no section [try], and no line before all "
                     "sections");
    parsed p = parse("data.csv --study missing.ini");
    tap_ok(p.code == DSEP_ERROR_IO && !p.call &&
               strcmp(error.text, "cannot read the study file 'missing.ini'") == 0,
           "a study file that is not there");
    dsep_invocation_destroy(&p.call);
}

/* --- provenance ------------------------------------------------------------------------------ */

/* What one run says of its settings gives the next run the same. */
static void test_round_trip(const char *what, parsed p) {
    parsed again = {.call = NULL};
    if (p.call)
        again = parse_study(p.call->study, "");
    if (!tap_ok(p.call && again.code == DSEP_OK && same_settings(p.got, again.got),
                "settings as text and back: %s", what))
        tap_note("%s", p.call ? p.call->study : error.text);
    dsep_invocation_destroy(&p.call);
    dsep_invocation_destroy(&again.call);
}

static parsed parse_text(char *text) {
    parsed p = {.words = {"try", "data.csv", "--text", text}, .count = 4};
    parse_words(&p);
    return p;
}

static void test_round_trips(void) {
    test_round_trip("defaults", parse("data.csv"));
    test_round_trip("every kind",
                    parse("data.csv -f -c -5 -r 0.1 -t two~words -x be -s 1.5G --count-two 3 "
                          "--seed 9000000000000000000 -o r.h5 -q --progress 0.5"));
    test_round_trip("lists", parse("data.csv --whole 7,all,1000 --members be,alpha --reals "
                                   "0.12345678901234567,-1,5e-324"));
    test_round_trip("a real number of 17 digits", parse("data.csv -r 0.12345678901234567"));
    test_round_trip("the smallest real number", parse("data.csv -r 5e-324"));
    test_round_trip("a text with an equals sign and quotes", parse_text("a=b 'c' \"d\" [e]"));
    test_round_trip("a text with a comma and umlauts", parse_text("Größe,Länge"));
    test_round_trip("a text with a comment sign", parse_text("a # b"));
    test_round_trip("a text with a semicolon after a blank", parse_text("a ;b"));
    test_round_trip("a text that ends in a blank", parse_text("a "));
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    test_round_trip("a text of 399 letters", parse_text(longer));
}

static void test_line(void) {
    parsed p = {.words = {"try", "data.csv", "--text", "it's 5 $", "-c", "3", "--real=0.5", ""},
                .count = 8};
    parse_words(&p);
    tap_ok(p.code == DSEP_OK && p.call &&
               strcmp(p.call->line, "dsep try data.csv --text 'it'\\''s 5 $' -c 3 --real=0.5 ''") ==
                   0,
           "the line as text, quoted where a shell needs it, in the order it was given");
    dsep_invocation_destroy(&p.call);
    p = (parsed){.words = {"try", "-c", "3", "a b.csv"}, .count = 4};
    parse_words(&p);
    tap_ok(p.code == DSEP_OK && strcmp(p.call->line, "dsep try -c 3 'a b.csv'") == 0 &&
               strncmp(p.call->study, "[try]\n", 6) == 0 && strstr(p.call->study, "\ncount = 3\n"),
           "a blank in a file's name; the settings under the command's section");
    dsep_invocation_destroy(&p.call);
}

/* --- where a result goes --------------------------------------------------------------------- */

static void test_path(const char *asked, const char *data, const char *wanted) {
    char *path = NULL;
    const int code = dsep_output_path(asked, data, &error, &path);
    tap_ok(code == DSEP_OK && path && strcmp(path, wanted) == 0, "result of '%s'%s%s: %s", data,
           asked ? " as " : "", asked ? asked : "", wanted);
    free(path);
}

static void test_path_error(const char *what, const char *asked, const char *data,
                            const char *phrase) {
    char *path = NULL;
    const int code = dsep_output_path(asked, data, &error, &path);
    tap_ok(code == DSEP_ERROR_USAGE && strstr(error.text, phrase), "refused: %s", what);
    tap_ok(!path, "refused: %s, and no path is handed out", what);
    free(path);
}

static void make_file(const char *path) {
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "w");
        fclose(file);
    }
    dsep_barrier(ctx);
}

/* However the data are named, a result must not replace them. */
static void test_clash(void) {
    char data[600], detour[700], group[700], colon[600];
    snprintf(data, sizeof data, "%s", tap_path("data.h5"));
    snprintf(detour, sizeof detour, "%s/../%s/data.h5", tap_directory(),
             strrchr(tap_directory(), '/') + 1);
    snprintf(group, sizeof group, "%s:group/matrix", data);
    make_file(data);
    test_path_error("the data itself", data, data, "is the data itself; choose another name");
    test_path_error("the data by another path", data, detour, "is the data itself");
    test_path_error("the data with a place inside", data, group, "is the data itself");
    snprintf(colon, sizeof colon, "%s", tap_path("a:b"));
    if (dsep_rank(ctx) == 0)
        mkdir(colon, 0700);
    snprintf(colon, sizeof colon, "%s", tap_path("a:b/data.h5"));
    make_file(colon);
    test_path_error("data in a folder with a colon", colon, colon, "is the data itself");
}

static void test_output_path(void) {
    test_path(NULL, "data.csv", "data.dsep.h5");
    test_path(NULL, "far/away/data.csv.gz", "data.dsep.h5");
    test_path(NULL, "data", "data.dsep.h5");
    test_path(NULL, "far/data.h5:x", "data.dsep.h5");
    test_path(NULL, "far/data.h5:group/x", "data.dsep.h5");
    test_path(NULL, ".hidden.csv", ".hidden.dsep.h5");
    test_path(NULL, "a b.csv", "a b.dsep.h5");
    test_path("far/result.h5", "data.csv", "far/result.h5");
    test_path("result.hdf5", "data.csv", "result.hdf5");
    test_path_error("a text", "result.csv", "data.csv",
                    "--output result.csv: a result is an HDF5 file");
    test_path_error("no suffix", "h5", "data.csv", "give it a name in .h5");
    test_path_error("no name", "", "data.csv", "give it a name in .h5");
    test_clash();
    char *path = NULL,
         *folder = strdup("far/"); /* on the heap, where a sanitizer watches its end */
    const int code = dsep_output_path(NULL, folder, &error, &path);
    tap_ok(code == DSEP_OK || code == DSEP_ERROR_USAGE, "a folder as data does no harm");
    free(path);
    free(folder);
}

/* --- options of some methods ----------------------------------------------------------------- */

static int scope(const char *line, const char *method) {
    parsed p = parse(line);
    error = (dsep_error){0};
    const int code = p.call ? dsep_option_scope_check(p.call, method, &error) : -1;
    dsep_invocation_destroy(&p.call);
    return code;
}

static void test_scope(void) {
    tap_ok(scope("data.csv --count-two 4", "fast") == 0 && scope("data.csv", "other") == 0,
           "an option of its own method; none of another's");
    tap_ok(scope("data.csv --count-two -3 --whole 1,2", "other") == 0,
           "another method's at its default says nothing");
    tap_ok(scope("data.csv --count-two 4", "other") == DSEP_ERROR_USAGE &&
               strcmp(error.text, "--count-two means nothing with --method other: it is for fast "
                                  "slow") == 0,
           "another method's is refused: %s", error.text);
    tap_ok(scope("data.csv --count-two 4", "low") == DSEP_ERROR_USAGE, "methods are whole words");
}

static void test_lines(void) {
    settings wanted = defaults();
    wanted.lines = "--first\nsecond one";
    tap_ok(parses("data.csv -l --first --lines=second~one", wanted), "lines add up");
}

/* A command whose options end where another command begins. */
static void test_leading(void) {
    static dsep_command leading;
    leading = command;
    leading.leads = 1;
    leading.max_arguments = 10;
    char *words[] = {"try", "-c", "3", "discover", "-c", "4", "--unknown", NULL};
    dsep_invocation *call = NULL;
    error = (dsep_error){0};
    const int code = dsep_options_parse(&leading, 7, words, &error, &call);
    tap_ok(code == DSEP_OK && *(const int64_t *)dsep_options_field(call, "count") == 3 &&
               call->n_arguments == 4 && strcmp(call->arguments[0], "discover") == 0 &&
               strcmp(call->arguments[3], "--unknown") == 0,
           "options end at the first argument; the rest is left as it is");
    char word[16] = "?";
    dsep_options_choice(call, "choice", word, sizeof word);
    tap_ok(strcmp(word, "beta") == 0, "a choice by its word");
    dsep_options_choice(call, "count", word, sizeof word);
    tap_ok(!*word && !dsep_options_field(call, "nothing"), "what is none, or is not there");
    dsep_invocation_destroy(&call);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_forms();
    test_choices();
    test_sizes();
    test_lists();
    test_errors();
    test_arguments();
    test_studies();
    test_study_errors();
    test_round_trips();
    test_line();
    test_lines();
    test_leading();
    test_output_path();
    test_scope();
    return tap_end();
}
