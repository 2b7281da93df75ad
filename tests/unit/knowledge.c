/* Background knowledge: what follows from arcs and tiers, what cannot hold at once, what a finished
 * graph violates; and the file in Tetrad's format, every mistake in it with its line. */
#include "jobs/knowledge_file.h"
#include "mpi/exchange.h"
#include "tests/support/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T DSEP_MARK_TAIL
#define A DSEP_MARK_ARROW
#define C DSEP_MARK_CIRCLE

enum { NODES = 6 };

static dsep_context *ctx;
static char *const names[NODES] = {"Age", "Sex", "Blood pressure", "Smoking", "Cancer", "x,y"};

/* --- queries --------------------------------------------------------------------------------- */

static dsep_knowledge *nothing(void) {
    dsep_knowledge *knowledge = NULL;
    dsep_knowledge_create(NODES, NULL, &knowledge);
    return knowledge;
}

static void test_arcs(void) {
    dsep_knowledge *k = nothing();
    dsep_knowledge_require(k, 3, 4, NULL);
    dsep_knowledge_forbid(k, 4, 0, NULL);
    dsep_knowledge_forbid(k, 1, 2, NULL);
    dsep_knowledge_forbid(k, 2, 1, NULL);
    dsep_knowledge_forbid(k, 4, 0, NULL);
    tap_ok(dsep_knowledge_settle(k, names, NULL) == DSEP_OK && k->n_required == 1 &&
               k->n_forbidden == 3 && k->forbidden[0].from == 1 && k->forbidden[2].from == 4,
           "arcs are sorted, and what was said twice counts once");
    tap_ok(dsep_knowledge_requires(k, 3, 4) && !dsep_knowledge_requires(k, 4, 3) &&
               !dsep_knowledge_requires(k, 0, 1),
           "what must be");
    tap_ok(dsep_knowledge_forbids(k, 4, 3) && !dsep_knowledge_forbids(k, 3, 4),
           "a required arc rules its reverse out");
    tap_ok(dsep_knowledge_forbids(k, 4, 0) && !dsep_knowledge_forbids(k, 0, 4),
           "a forbidden arc says nothing of its reverse");
    tap_ok(dsep_knowledge_joins(k, 3, 4) && dsep_knowledge_joins(k, 4, 3) &&
               !dsep_knowledge_joins(k, 0, 4),
           "a required arc joins, either way");
    tap_ok(dsep_knowledge_parts(k, 1, 2) && dsep_knowledge_parts(k, 2, 1) &&
               !dsep_knowledge_parts(k, 0, 4) && !dsep_knowledge_parts(k, 3, 4),
           "forbidden both ways parts, one way does not");
    tap_ok(!dsep_knowledge_forbids(NULL, 0, 1) && !dsep_knowledge_requires(NULL, 0, 1) &&
               !dsep_knowledge_joins(NULL, 0, 1) && !dsep_knowledge_parts(NULL, 0, 1),
           "no knowledge says nothing");
    dsep_knowledge_destroy(&k);
    dsep_knowledge_destroy(&k);
    dsep_knowledge_destroy(NULL);
    tap_ok(!k, "destroyed, twice and none");
}

/* Tier by tier against the definition. */
static void test_tiers(void) {
    static const int32_t tier[NODES] = {0, 0, 1, 1, 7, -1};
    static const uint8_t closed[NODES] = {1, 1, 0, 0, 0, 0};
    dsep_knowledge *k = nothing();
    memcpy(k->tier, tier, sizeof tier);
    memcpy(k->closed, closed, sizeof closed);
    int good = dsep_knowledge_settle(k, names, NULL) == DSEP_OK;
    for (int x = 0; x < NODES; x++)
        for (int y = 0; y < NODES; y++) {
            const int both = tier[x] >= 0 && tier[y] >= 0 && x != y;
            const int ruled_out = both && (tier[y] < tier[x] || (tier[x] == tier[y] && closed[x]));
            good &= x == y || dsep_knowledge_forbids(k, x, y) == ruled_out;
        }
    tap_ok(good, "no arc into an earlier tier, none inside a closed one, all else free");
    tap_ok(dsep_knowledge_parts(k, 0, 1) && !dsep_knowledge_parts(k, 2, 3) &&
               !dsep_knowledge_parts(k, 0, 2) && !dsep_knowledge_parts(k, 0, 5),
           "only a closed tier parts");
    dsep_knowledge_destroy(&k);
}

/* --- what cannot hold ------------------------------------------------------------------------ */

static int refuses(dsep_knowledge *k, const char *phrase, const char *more) {
    dsep_error error = {0};
    const int code = dsep_knowledge_settle(k, names, &error);
    const int good = code == DSEP_ERROR_DATA && error.code == code && strstr(error.text, phrase) &&
                     strstr(error.text, more);
    if (!good)
        tap_note("%d: %s", code, error.text);
    dsep_knowledge_destroy(&k);
    return good;
}

static void test_contradictions(void) {
    dsep_knowledge *k = nothing();
    dsep_knowledge_require(k, 3, 4, NULL);
    dsep_knowledge_forbid(k, 3, 4, NULL);
    tap_ok(refuses(k, "requires Smoking -> Cancer and rules it out", "forbidden"),
           "required and forbidden");
    k = nothing();
    dsep_knowledge_require(k, 4, 3, NULL);
    k->tier[3] = 1;
    k->tier[4] = 2;
    tap_ok(refuses(k, "requires Cancer -> Smoking and rules it out", "tier"),
           "required into an earlier tier");
    k = nothing();
    dsep_knowledge_require(k, 0, 1, NULL);
    k->tier[0] = k->tier[1] = 3;
    k->closed[0] = k->closed[1] = 1;
    tap_ok(refuses(k, "requires Age -> Sex and rules it out", "tier"),
           "required inside a closed tier");
    k = nothing();
    dsep_knowledge_require(k, 0, 1, NULL);
    dsep_knowledge_require(k, 1, 0, NULL);
    tap_ok(refuses(k, "requires Age -> Sex and rules it out", "another required edge"),
           "required both ways");
    k = nothing();
    dsep_knowledge_require(k, 0, 1, NULL);
    dsep_knowledge_require(k, 1, 2, NULL);
    dsep_knowledge_require(k, 2, 0, NULL);
    tap_ok(refuses(k, "the required edges have a cycle", "take one of them out"), "a cycle");
    k = nothing();
    dsep_knowledge_require(k, 0, 1, NULL);
    dsep_knowledge_require(k, 0, 2, NULL);
    dsep_knowledge_require(k, 1, 2, NULL);
    dsep_knowledge_forbid(k, 2, 0, NULL);
    tap_ok(dsep_knowledge_settle(k, names, NULL) == DSEP_OK, "a triangle without a cycle holds");
    dsep_knowledge_destroy(&k);
}

/* --- the certificate ------------------------------------------------------------------------- */

static dsep_certificate certify(const dsep_knowledge *k, dsep_graph_kind kind, int64_t n_edges,
                                const dsep_edge *edges) {
    dsep_graph *graph = NULL;
    dsep_graph_create(NODES, n_edges, edges, kind, NULL, &graph);
    const dsep_certificate found = dsep_knowledge_certify(k, graph);
    dsep_graph_destroy(&graph);
    return found;
}

static void test_certificate(void) {
    dsep_knowledge *k = nothing();
    dsep_knowledge_require(k, 3, 4, NULL);
    dsep_knowledge_forbid(k, 2, 3, NULL);
    k->tier[0] = 0;
    k->tier[2] = 1;
    dsep_knowledge_settle(k, names, NULL);
    const dsep_edge good[] = {{3, 4, T, A}, {3, 2, T, A}, {0, 2, T, A}, {1, 5, T, T}};
    const dsep_certificate kept = certify(k, DSEP_GRAPH_CPDAG, 4, good);
    tap_ok(kept.violations == 0 && kept.required == 1 && kept.forbidden == 1 && kept.tiers == 2,
           "a graph that keeps everything, and what was looked at");
    tap_ok(certify(k, DSEP_GRAPH_CPDAG, 0, NULL).violations == 1, "a required edge is missing");
    const dsep_edge open[] = {{3, 4, T, T}};
    tap_ok(certify(k, DSEP_GRAPH_CPDAG, 1, open).violations == 2,
           "a required edge that is undirected: not there, and possible the wrong way");
    const dsep_edge wrong[] = {{4, 3, T, A}, {2, 3, T, A}, {2, 0, T, A}};
    tap_ok(certify(k, DSEP_GRAPH_CPDAG, 3, wrong).violations == 4,
           "reversed, forbidden and into an earlier tier: each counts");
    const dsep_edge unsure[] = {{3, 4, T, A}, {2, 3, T, C}, {2, 0, C, C}};
    tap_ok(certify(k, DSEP_GRAPH_PAG, 3, unsure).violations == 0,
           "a circle does not stand against knowledge");
    const dsep_edge joined[] = {{3, 4, T, T}, {2, 3, T, T}};
    tap_ok(certify(k, DSEP_GRAPH_SKELETON, 2, joined).violations == 0,
           "a skeleton only has to join what is required");
    tap_ok(certify(k, DSEP_GRAPH_SKELETON, 1, joined + 1).violations == 1, "and does not");
    k->closed[0] = 1;
    k->tier[1] = 0;
    k->closed[1] = 1;
    const dsep_edge parted[] = {{3, 4, T, T}, {0, 1, T, T}};
    tap_ok(certify(k, DSEP_GRAPH_SKELETON, 2, parted).violations == 1,
           "nor join what knowledge parts");
    tap_ok(certify(NULL, DSEP_GRAPH_SKELETON, 2, parted).violations == 0, "no knowledge, no harm");
    dsep_knowledge_destroy(&k);
}

/* --- the file -------------------------------------------------------------------------------- */

static dsep_table *table;

static void write_file(const char *path, const char *text, size_t length) {
    if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "wb");
        fwrite(text, 1, length, file);
        fclose(file);
    }
    dsep_barrier(ctx);
}

static dsep_knowledge *read_text(const char *text, size_t length, int *code) {
    dsep_knowledge *k = NULL;
    const char *path = tap_path("knowledge.txt");
    write_file(path, text, length);
    *dsep_context_error(ctx) = (dsep_error){0};
    *code = dsep_knowledge_file_read(ctx, path, table, &k);
    return k;
}

/* Settled, every rank has the same: arcs and tiers as given. */
static int is(const dsep_knowledge *k, const int32_t tier[NODES], const char *closed,
              const char *required, const char *forbidden) {
    char found[2][64] = {"", ""};
    if (!k)
        return 0;
    int good = 1;
    for (int x = 0; x < NODES; x++)
        good &= k->tier[x] == tier[x] && k->closed[x] == closed[x] - '0';
    for (int64_t i = 0; i < k->n_required && i < 9; i++)
        snprintf(found[0] + 3 * i, 4, "%d%d ", k->required[i].from, k->required[i].to);
    for (int64_t i = 0; i < k->n_forbidden && i < 9; i++)
        snprintf(found[1] + 3 * i, 4, "%d%d ", k->forbidden[i].from, k->forbidden[i].to);
    good &= strcmp(found[0], required) == 0 && strcmp(found[1], forbidden) == 0;
    if (!good)
        tap_note("required %s, forbidden %s", found[0], found[1]);
    return good;
}

static void test_good(const char *what, const char *text, const int32_t tier[NODES],
                      const char *closed, const char *required, const char *forbidden) {
    int code = -1;
    dsep_knowledge *k = read_text(text, strlen(text), &code);
    tap_ok(code == DSEP_OK && is(k, tier, closed, required, forbidden), "%s%s", what,
           code ? dsep_context_error(ctx)->text : "");
    dsep_knowledge_destroy(&k);
}

static void test_good_files(void) {
    static const int32_t none[] = {-1, -1, -1, -1, -1, -1}, full[] = {1, 1, 2, 2, -1, 3};
    test_good("a whole file with comments, quotes, blank lines and a closed tier",
              "/knowledge\n"
              "# who comes first\n"
              "addtemporal\n"
              "1* Age Sex # since birth\n"
              "\n"
              "2 \"Blood pressure\",Smoking\n"
              "3 \"x,y\"\n"
              "forbiddirect\n"
              "Smoking Age\n"
              "   Age\tCancer   \n"
              "\n"
              "requiredirect\n"
              "Smoking Cancer\n"
              "\"Blood pressure\", \"Cancer\"\n",
              full, "110000", "24 34 ", "04 30 ");
    test_good("an empty file", "", none, "000000", "", "");
    test_good("nothing but sections", "/knowledge\naddtemporal\n\nforbiddirect\nrequiredirect\n",
              none, "000000", "", "");
    test_good("sections in another order, without the first line",
              "requiredirect\nAge Sex\naddtemporal\nforbiddirect\nSex Age\nCancer Age", none,
              "000000", "01 ", "10 40 ");
    test_good("lines as Windows ends them", "forbiddirect\r\nAge Sex\r\n# end\r\n", none, "000000",
              "", "01 ");
    test_good("arrows between names", "requiredirect\nAge --> Sex\n", none, "000000", "01 ", "");
    test_good("an arc said twice", "forbiddirect\nAge Sex\nAge Sex\n", none, "000000", "", "01 ");
    test_good("a section that comes twice",
              "forbiddirect\nAge Sex\nrequiredirect\nforbiddirect\nSex Age\n", none, "000000", "",
              "01 10 ");
}

/* Same code and text everywhere, with file, line and phrase; nothing handed out. */
static void test_bad(const char *text, int line, const char *phrase) {
    int code = -1;
    char place[600];
    dsep_knowledge *k = read_text(text, strlen(text), &code);
    const char *said = dsep_context_error(ctx)->text;
    snprintf(place, sizeof place, "%s:%d: ", tap_path("knowledge.txt"), line);
    if (!tap_ok(code == DSEP_ERROR_DATA && !k && strncmp(said, place, strlen(place)) == 0 &&
                    strstr(said, phrase),
                "line %d: %s", line, phrase))
        tap_note("%d: %s", code, said);
    dsep_knowledge_destroy(&k);
}

static void test_bad_files(void) {
    test_bad("addtemporal\n1 Age\n\n2 Weight\n", 4, "the table has no variable 'Weight'");
    test_bad("forbiddirect\n# one\nAge Weight\n", 3, "the table has no variable 'Weight'");
    test_bad("requiredirect\nWeight Age\n", 2, "the table has no variable 'Weight'");
    test_bad("requiredirect\nage Sex\n", 2, "the table has no variable 'age'");
    test_bad("addtemporal\nAge Sex\n", 2,
             "expected the number of a tier, perhaps with *, found "
             "'Age'");
    test_bad("addtemporal\n1x Age\n", 2, "expected the number of a tier");
    test_bad("addtemporal\n-1 Age\n", 2, "expected the number of a tier");
    test_bad("addtemporal\n1** Age\n", 2, "expected the number of a tier");
    test_bad("addtemporal\n1000001 Age\n", 2, "expected the number of a tier");
    test_bad("addtemporal\n99999999999999999999 Age\n", 2, "expected the number of a tier");
    test_bad("forbiddirect\nAge\n", 2, "expected two names, found only 'Age'");
    test_bad("forbiddirect\nAge -->\n", 2, "expected two names, found only 'Age'");
    test_bad("forbiddirect\nAge # Sex\n", 2, "expected two names, found only 'Age'");
    test_bad("forbiddirect\nAge Blood pressure\n", 2,
             "expected two names; quote names with blanks. Found a third: 'pressure'");
    test_bad("/knowledge\nrequiredirect\nAge Age\n", 3,
             "an edge needs two different variables, found twice 'Age'");
    test_bad("/knowledge\nAge Sex\n", 2,
             "expected addtemporal, forbiddirect or requiredirect, found 'Age'");
    test_bad("Age Sex\nforbiddirect\n", 1,
             "expected addtemporal, forbiddirect or requiredirect, found 'Age'");
    test_bad("addtemporal\n1 Age\n2 Sex Age\n", 3, "a variable can be in one tier only: 'Age'");
    test_bad("addtemporal\n1 Age Age\n", 2, "a variable can be in one tier only: 'Age'");
    test_bad("forbiddirect\n\"Blood pressure Age\n", 2, "a quote is not closed");
}

static void test_contradicting_file(void) {
    int code = -1;
    const char *text = "requiredirect\nAge Sex\nforbiddirect\nAge Sex\n";
    dsep_knowledge *k = read_text(text, strlen(text), &code);
    tap_ok(code == DSEP_ERROR_DATA && !k &&
               strstr(dsep_context_error(ctx)->text, "requires Age -> Sex and rules it out"),
           "a file that contradicts itself");
    tap_ok(strstr(dsep_context_error(ctx)->text, tap_path("knowledge.txt")) != NULL,
           "its message names the file");
    text = "requiredirect\nAge Sex\nSex Smoking\nSmoking Age\n";
    k = read_text(text, strlen(text), &code);
    tap_ok(code == DSEP_ERROR_DATA && !k && strstr(dsep_context_error(ctx)->text, "cycle"),
           "a file that requires a cycle");
}

/* What a careless reader would mend in silence. */
static void test_silent_repairs(void) {
    int code = -1;
    static const char zero[] = "forbiddirect\nAge Sex\n\0Sex Nobody\n";
    dsep_knowledge *k = read_text(zero, sizeof zero - 1, &code);
    tap_ok(code == DSEP_ERROR_DATA && !k, "a zero byte does not end the file unseen");
    dsep_knowledge_destroy(&k);
    const char *open = "forbiddirect\nAge \"Sex\n";
    k = read_text(open, strlen(open), &code);
    tap_ok(code == DSEP_ERROR_DATA && !k, "a quote that is not closed is refused");
    dsep_knowledge_destroy(&k);
}

static void test_unreadable(void) {
    dsep_knowledge *k = NULL;
    const char *path = tap_path("missing.txt");
    int code = dsep_knowledge_file_read(ctx, path, table, &k);
    tap_ok(code == DSEP_ERROR_IO && !k && strstr(dsep_context_error(ctx)->text, path) &&
               strstr(dsep_context_error(ctx)->text, "No such file"),
           "a file that is not there");
    code = dsep_knowledge_file_read(ctx, tap_directory(), table, &k);
    tap_ok(code == DSEP_ERROR_IO && !k, "a folder: %s", dsep_context_error(ctx)->text);
    const char *text = "forbiddirect\nAge Sex\n";
    for (int rank = 0; rank < dsep_size(ctx); rank++) {
        char point[64];
        snprintf(point, sizeof point, "knowledge-read@%d", rank);
        setenv("DSEP_FAULT", point, 1);
        k = read_text(text, strlen(text), &code);
        tap_ok(code == DSEP_ERROR_IO && !k &&
                   strstr(dsep_context_error(ctx)->text, "'knowledge-read'"),
               "%s: the same code on every rank", point);
        unsetenv("DSEP_FAULT");
        dsep_knowledge_destroy(&k);
    }
    k = read_text(text, strlen(text), &code);
    tap_ok(code == DSEP_OK && k && k->n_forbidden == 1, "and afterwards it is read");
    dsep_knowledge_destroy(&k);
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_arcs();
    test_tiers();
    test_contradictions();
    test_certificate();
    dsep_table_create(ctx, 1, NODES, &table);
    for (int x = 0; x < NODES; x++)
        table->names[x] = strdup(names[x]);
    test_good_files();
    test_bad_files();
    test_contradicting_file();
    test_silent_repairs();
    test_unreadable();
    dsep_table_destroy(&table);
    return tap_end();
}
