/* Text tables: what is read equals an independent reading, and every error says what it should,
 * the same on all ranks. */
#include "io/table_read.h"
#include "mpi/exchange.h"
#include "tests/support/refusal.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static dsep_context *ctx;

/* Rank 0 writes a file for all. */
static const char *put(const char *name, const char *bytes, int64_t length, int gzip) {
    const char *path = tap_path(name);
    if (dsep_rank(ctx) == 0 && gzip) {
        gzFile file = gzopen(path, "wb");
        gzwrite(file, bytes, (unsigned)length);
        gzclose(file);
    } else if (dsep_rank(ctx) == 0) {
        FILE *file = fopen(path, "wb");
        fwrite(bytes, 1, (size_t)length, file);
        fclose(file);
    }
    dsep_barrier(ctx);
    return path;
}

static const char *put_text(const char *text) {
    return put("t.csv", text, (int64_t)strlen(text), 0);
}

/* Whether the table has these values (row after row), names joined by '|', and a note. */
static int table_is(const dsep_table *t, const char *names, int64_t n, int64_t p,
                    const double *values, const char *note) {
    char joined[512] = "";
    if (t->n_samples != n || t->n_variables != p) {
        tap_note("shape %d x %d", (int)t->n_samples, (int)t->n_variables);
        return 0;
    }
    for (int64_t j = 0; j < p; j++)
        snprintf(joined + strlen(joined), 64, "%s%s", j ? "|" : "", t->names[j]);
    int good = strcmp(joined, names) == 0 && refusal_same_text(ctx, t->notes) &&
               refusal_same_text(ctx, t->checksum) && strlen(t->checksum) == 16 &&
               (note ? strstr(t->notes, note) != NULL : !*t->notes);
    const dsep_block block = dsep_layout_block(p, dsep_size(ctx), dsep_rank(ctx));
    good &= block.first == t->mine.first && block.count == t->mine.count;
    for (int64_t j = 0; j < t->mine.count; j++)
        for (int64_t i = 0; i < n; i++)
            good &= t->values[j * n + i] == values[i * p + t->mine.first + j];
    if (!good)
        tap_note("names %s notes %s", joined, t->notes);
    return good;
}

static void reads(dsep_table_settings s, const char *text, const char *names, int64_t n, int64_t p,
                  const double *values, const char *note, const char *what) {
    dsep_table *table = NULL;
    s.path = put_text(text);
    const int code = dsep_table_read(ctx, &s, &table);
    if (code)
        tap_note("%s", dsep_context_error(ctx)->text);
    tap_ok(code == 0 && table_is(table, names, n, p, values, note), "%s", what);
    dsep_table_destroy(&table);
}

static void fails_at(dsep_table_settings s, int expected, const char *phrase, const char *what) {
    refusal_of_table(ctx, &s, expected, phrase, what);
}

static void fails(dsep_table_settings s, const char *text, int expected, const char *phrase,
                  const char *what) {
    s.path = put_text(text);
    fails_at(s, expected, phrase, what);
}

static void test_layouts(void) {
    const double v[] = {1, 2, 3, 4, 5.5, -6};
    dsep_table_settings s = dsep_table_default_settings();
    reads(s, "a,b\n1,2\n3,4\n5.5,-6\n", "a|b", 3, 2, v, NULL, "comma, header");
    reads(s, "\357\273\277a,b\r\n1,2\r\n\r\n3,4\r\n  \r\n5.5,-6", "a|b", 3, 2, v, NULL,
          "byte order mark, CRLF, blank lines, no newline at the end");
    reads(s, "a\tb\n1\t2\n3\t4\n5.5\t-6\n", "a|b", 3, 2, v, NULL, "tabs");
    reads(s, "a;b\n1;2\n3;4\n5.5;-6\n", "a|b", 3, 2, v, NULL, "semicolons");
    reads(s, "  a   b\n 1\t 2\n3 4  \n  5.5 -6\n", "a|b", 3, 2, v, NULL, "runs of blanks");
    reads(s, "1,2\n3,4\n5.5,-6\n", "V1|V2", 3, 2, v, NULL, "no header: V1, V2");
    reads(s, "\"a, x\", \"b \"\"q\"\"\nz\"\n\"1\" , 2\n3,\" 4 \"\n5.5,-6\n", "a, x|b \"q\"\nz", 3,
          2, v, NULL, "quotes, and a line end in a quoted name");
    reads(s, "a b\nr1 1 2\nr2 3 4\nr3 5.5 -6\n", "a|b", 3, 2, v, "row labels",
          "R's row names are left out and noted");
    reads(s, "\"\",\"a\",\"b\"\n\"1\",1,2\n\"2\",3,4\n\"3\",5.5,-6\n", "a|b", 3, 2, v,
          "no name, so it holds row labels", "a first column without name holds row labels");
    s.header = DSEP_HEADER_YES;
    reads(s, "7,8\n1,2\n3,4\n5.5,-6\n", "7|8", 3, 2, v, NULL,
          "a header of numbers by --header yes");
    s.header = DSEP_HEADER_NO;
    reads(s, "1,2\n3,4\n5.5,-6\n", "V1|V2", 3, 2, v, NULL, "--header no");
    s = dsep_table_default_settings();
    s.separator = "|";
    reads(s, "a|b\n1|2\n3|4\n5.5|-6\n", "a|b", 3, 2, v, NULL, "--separator of one character");
}

static void test_choices(void) {
    const double v[] = {1, 2, 3, 4, 5, 7};
    const char *text = "a,t,b,c\n1,x,2,9\n3,y z,4,\n5,\"\",7,NA\n";
    dsep_table_settings s = dsep_table_default_settings();
    s.drop = "t,4";
    reads(s, text, "a|b", 3, 2, v, NULL, "--drop leaves text columns unread");
    s.drop = NULL;
    s.columns = "3,a";
    reads(s, text, "a|b", 3, 2, v, NULL, "--columns by name and number");
    s.columns = "bb";
    fails(s, text, 2, "did you mean 'b'", "an unknown column is wrong usage, with a suggestion");
    s = dsep_table_default_settings();
    s.drop = "1-4";
    fails(s, text, 2, "no column", "nothing left is wrong usage");
    s.drop = NULL;
    s.separator = "ab";
    fails(s, text, 2, "--separator", "an impossible separator is wrong usage");
}

static void test_transposed(void) {
    const double v[] = {1, 2, 3, 4, 5.5, -6};
    dsep_table_settings s = dsep_table_default_settings();
    s.transpose = 1;
    reads(s, "a,1,3,5.5\nb,2,4,-6\n", "a|b", 3, 2, v, NULL, "transposed, names in front");
    reads(s, "1,3,5.5\n2,4,-6\n", "V1|V2", 3, 2, v, NULL, "transposed without names");
    reads(s, "gene,s1,s2,s3\na,1,3,5.5\nb,2,4,-6\n", "a|b", 3, 2, v, NULL, "with sample labels");
    reads(s, "s1,s2,s3\na,1,3,5.5\nb,2,4,-6\n", "a|b", 3, 2, v, NULL,
          "with labels one field fewer");
    reads(s, ",s1,s2,s3\n11,1,3,5.5\n12,2,4,-6\n", "11|12", 3, 2, v, NULL,
          "numbers are names below an empty corner");
    s.drop = "t";
    reads(s, "a,1,3,5.5\nt,x,y,z\nb,2,4,-6\n", "a|b", 3, 2, v, NULL, "transposed, text dropped");
    s.drop = NULL;
    fails(s, "a,1,3,5.5\nb,2,x,-6\n", 3, "line 2 ('b'), field 3: found 'x'", "transposed text");
    fails(s, "a,1,3,5.5\nb,2,4\n", 3, "line 2: found 3 fields, expected 4", "transposed ragged");
    fails(s, "a,1,3\na,2,4\n", 3, "columns 1 and 2 have the same name 'a'", "transposed twins");
}

static void test_cells(void) {
    dsep_table_settings s = dsep_table_default_settings();
    fails(s, "a,b\n1,2\n3,dog\n", 3, "line 3, column 2 ('b'): found 'dog'", "text in a cell");
    fails(s, "a,b\n1,2\n3,dog\n", 3, "--drop 'b'", "the remedy is --drop");
    fails(s, "a,b\n1,0x10\n3,4\n", 3, "'0x10'", "no hexadecimal numbers");
    fails(s, "a,b\n1,2 3\n3,4\n", 3, "'2 3'", "two numbers in a cell");
    fails(s, "a,b\n1,inf\n3,4\n", 3, "infinite", "inf");
    fails(s, "a|b\n1|2\n3|4\n", 3,
          "found '1|2', expected a number; the whole line is one field: name",
          "a separator that is not known");
    s.header = DSEP_HEADER_NO;
    fails(s, "a,b\n1,2\n3,4\n", 3,
          "line 1, column 1 ('V1'): found 'a', expected a number; where the",
          "names that are said to be data");
    s.header = DSEP_HEADER_AUTO;
    fails(s, "a,b\n1,-Infinity\n3,4\n", 3, "line 2, column 2", "-Infinity");
    fails(s, "a,b\n1,1e999\n3,4\n", 3, "'1e999', which is infinite", "1e999");
    fails(s, "a;b\n1,5;2\n3;4\n", 3, "decimal comma", "a decimal comma has its own remedy");
    fails(s, "1,5;2,5\n3,0;4,0\n", 3, "decimal comma", "also in the first line");
    fails(s, "a,b\n1,2\n3\n", 3, "line 3: found 1 field, expected 2", "too few fields");
    fails(s, "a,b\n1,2\n3,x,5\n", 3, "line 3: found 3 fields, expected 2", "too many fields");
    fails(s, "a,b\n1,\"2\n3\",4\n", 3, "line 2, field 2: found a quote that does not close",
          "a line end in quotes");
    fails(s, "a,b\n1,\"2\"3\n3,4\n", 3, "text after a closing quote", "text after a quote");
    fails(s, "a,b,c\n1,2\n", 3, "line 2: found 2 fields, expected 3", "a header that is too long");
    fails(s, "a,b,a\n1,2,3\n4,5,7\n", 3, "columns 1 and 3 have the same name 'a'", "twins");
    fails(s, "a,,c\n1,2,3\n4,5,7\n", 3, "column 2 has an empty name", "an empty name");
    fails(s, "a,\344,c\n1,2,3\n4,5,7\n", 3, "not UTF-8", "a name in Latin-1");
    fails(s, "\n  \n", 3, "blank lines", "only blank lines");
    fails(s, "", 3, "empty", "an empty file");
    fails(s, "a,b\n", 3, "no line of data", "a header alone");
    fails(s, "a,b\n1,2\n", 3, "found 1 sample, expected at least 2", "too few samples");
    fails(s, "a\n1\n2\n", 3, "found 1 variable", "too few variables");
    fails(s, "a,b\r1,2\r3,4\r", 3, "carriage return", "old line ends");
}

static void test_files(void) {
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put("nul.csv", "a,b\n1,2\n3,\0\n", 13, 0);
    fails_at(s, 3, "NUL", "a NUL byte");
    s.path = put("utf16.csv", "\377\376a\0,\0b\0\n\0", 10, 0);
    fails_at(s, 3, "iconv", "UTF-16");
    s.path = tap_path("absent.csv");
    fails_at(s, 5, "No such file", "a file that is not there");
    s.path = tap_directory();
    fails_at(s, 5, "directory", "a directory");
    s.path = NULL;
    fails_at(s, 2, "no table", "no path");
}

static void test_missing(void) {
    const char *text = "a,b,c\n1,2,9\nNA,4,8\n5,,7\n 7 ,8, nan \n9,1,2\n2,3,4\n";
    const double rows[] = {1, 2, 9, 9, 1, 2, 2, 3, 4};
    dsep_table_settings s = dsep_table_default_settings();
    fails(s, text, 3, "3 missing cells in 3 of 6 rows and 3 of 3 columns", "missing is an error");
    fails(s, text, 3, "'a' (16.7%), 'b' (16.7%), 'c' (16.7%)", "with the worst columns");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    reads(s, text, "a|b|c", 3, 3, rows, "dropped 3 of 6 rows", "drop-rows");
    s.incomplete = DSEP_INCOMPLETE_DROP_COLUMNS;
    const double columns[] = {2, 4, 3, 5, 9, 8};
    reads(s, "a,b,c,d\n1,2,9,4\nNA,3,,5\n3,9,7,8\n", "b|d", 3, 2, columns,
          "dropped 2 of 4 columns: missing cells (--incomplete drop-columns): a, c",
          "drop-columns");
    fails(s, text, 3, "found 0 variables", "drop-columns may leave too few");
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    s.missing = "-999,?";
    const double own[] = {1, 2, 3, 4};
    reads(s, "a,b\n1,2\n-999.0,5\n7,?\n3,4\n", "a|b", 2, 2, own, "dropped 2 of 4", "own tokens");
    s.min_samples = 3;
    fails(s, "a,b\n1,2\n-999.0,5\n7,?\n3,4\n", 3, "found 2 samples", "samples after drops");
    s.missing = "?";
    fails(s, "a,b\n1,2\nNA,5\n", 3, "--missing 'NA'", "NA is text where own tokens are given");
}

static void test_missing_counts(void) {
    dsep_table_settings s = dsep_table_default_settings();
    dsep_table *table = NULL;
    s.incomplete = DSEP_INCOMPLETE_DROP_ROWS;
    s.path = put_text("a,b\n1,2\nNA,NA\n3,\n4,5\n");
    const int good = !dsep_table_read(ctx, &s, &table) && table->n_missing[0] == 1 &&
                     table->n_missing[1] == 2 && strcmp(table->source, s.path) == 0;
    tap_ok(good, "missing cells of the file are counted on every rank, the source is kept");
    dsep_table_destroy(&table);
}

static void test_constant(void) {
    const char *text = "a,b,c,d\n1,7,0.3,1e8\n2,7,0.30000000000000004,100000001\n5,7,0.3,1e8\n";
    const double v[] = {1, 1e8, 2, 100000001, 5, 1e8};
    dsep_table_settings s = dsep_table_default_settings();
    fails(s, text, 3, "found 2 constant columns: column 2 is the first of b, c",
          "constant columns");
    s.constant = DSEP_CONSTANT_DROP;
    reads(s, text, "a|d", 3, 2, v, "dropped 2 of 4 columns: constant (--constant drop): b, c",
          "--constant drop");
}

/* --- long tables: chunks, long lines, gzip ------------------------------------------------- */

static double cell(int64_t i, int64_t j) {
    return (double)((i * 7919 + j * 104729) % 1000003) / 64 - 7000;
}

static char *long_text(int64_t n, int64_t p, int transposed, int64_t *length) {
    const int64_t rows = transposed ? p : n, columns = transposed ? n : p;
    char *text = malloc((size_t)(rows * columns * 24 + columns * 16 + rows * 16 + 64)), *at = text;
    for (int64_t j = 0; j < columns && !transposed; j++)
        at += sprintf(at, "%sx%d", j ? "," : "", (int)j);
    if (!transposed)
        *at++ = '\n';
    for (int64_t i = 0; i < rows; i++) {
        if (transposed)
            at += sprintf(at, "x%d,", (int)i);
        for (int64_t j = 0; j < columns; j++)
            at += sprintf(at, "%s%.*g", j ? "," : "", i % 2 ? 17 : 12,
                          transposed ? cell(j, i) : cell(i, j));
        at += sprintf(at, i % 3 ? "\n" : "\r\n\n");
    }
    *length = at - text;
    return text;
}

static int long_is(const dsep_table *t, int64_t n, int64_t p) {
    int good = t->n_samples == n && t->n_variables == p;
    for (int64_t j = 0; good && j < t->mine.count; j++)
        for (int64_t i = 0; i < n; i++)
            good &= t->values[j * n + i] == cell(i, t->mine.first + j);
    return good;
}

static void reads_long(const char *name, int64_t n, int64_t p, int transposed, int gzip) {
    int64_t length = 0;
    dsep_table *table = NULL;
    char *text = long_text(n, p, transposed, &length);
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put(name, text, length, gzip);
    s.transpose = transposed;
    const int code = dsep_table_read(ctx, &s, &table);
    if (code)
        tap_note("%s", dsep_context_error(ctx)->text);
    tap_ok(!code && long_is(table, n, p), "%s: %d x %d, %d KB%s", name, (int)n, (int)p,
           (int)(length >> 10), transposed ? ", transposed" : "");
    dsep_table_destroy(&table);
    free(text);
}

static void test_long_errors(void) {
    int64_t length = 0;
    char *text = long_text(20000, 9, 0, &length);
    dsep_table_settings s = dsep_table_default_settings();
    /* Two faults far apart: the first one speaks, with its line. */
    char *late = strstr(text + length * 3 / 4, "\n"), *early = strstr(text + length / 2, "\n");
    int line = 2;
    for (const char *p = text; p < early; p++)
        line += *p == '\n';
    while (early[1] == '\n' || early[1] == '\r')
        line += *++early == '\n';
    early[1] = 'x';
    late[1] = late[2] = ',';
    char phrase[64];
    snprintf(phrase, sizeof phrase, "line %d, column 1 ('x0'): found 'x", line);
    s.path = put("two.csv", text, length, 0);
    fails_at(s, 3, phrase, "of two faults the first speaks, with its line number");
    s.path = put("two.csv.gz", text, length, 1);
    fails_at(s, 3, phrase, "the same inside gzip");
    free(text);
}

/* A gzip file cut, or with a flipped byte, or of two members. */
static void test_gzip(void) {
    int64_t length = 0, packed = 0;
    char *text = long_text(9000, 9, 0, &length);
    char *bytes = malloc((size_t)length + 100);
    put("whole.gz", text, length, 1);
    FILE *file = fopen(tap_path("whole.gz"), "rb");
    packed = (int64_t)fread(bytes, 1, (size_t)length, file);
    fclose(file);
    dsep_barrier(ctx);
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put("cut.gz", bytes, packed / 2, 0);
    fails_at(s, 3, "the gzip stream ends too early", "a cut gzip file");
    bytes[packed / 2] ^= 0x55;
    s.path = put("bad.csv", bytes, packed, 0);
    fails_at(s, 3, "bad.csv", "a damaged gzip file, known by its content");
    bytes[packed / 2] ^= 0x55;
    bytes[packed - 6] ^= 1;
    s.path = put("sum.gz", bytes, packed, 0);
    fails_at(s, 3, "gzip stream is damaged", "a wrong checksum in gzip");
    free(bytes);
    free(text);
    dsep_table *table = NULL;
    if (dsep_rank(ctx) == 0)
        for (int part = 0; part < 3; part++) {
            static const char *const parts[] = {"a,b\n1,", "2\n3,4", "\n5,7\n"};
            gzFile member = gzopen(tap_path("members.gz"), part ? "ab" : "wb");
            gzputs(member, parts[part]);
            gzclose(member);
        }
    dsep_barrier(ctx);
    s.path = tap_path("members.gz");
    const double v[] = {1, 2, 3, 4, 5, 7};
    tap_ok(!dsep_table_read(ctx, &s, &table) && table_is(table, "a|b", 3, 2, v, NULL),
           "gzip of several members");
    dsep_table_destroy(&table);
}

static void test_faults(void) {
    static const char *const points[] = {"table-open", "table-read", "table-exchange"};
    dsep_table_settings s = dsep_table_default_settings();
    s.path = put_text("a,b\n1,2\n3,4\n");
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (int rank = 0; rank < dsep_size(ctx); rank++) {
            char value[64];
            dsep_table *table = NULL;
            snprintf(value, sizeof value, "%s@%d", points[i], rank);
            setenv("DSEP_FAULT", value, 1);
            const int code = dsep_table_read(ctx, &s, &table);
            unsetenv("DSEP_FAULT");
            tap_ok(code && !table && refusal_same_text(ctx, dsep_context_error(ctx)->text), "%s",
                   value);
        }
}

int main(int argc, char **argv) {
    ctx = tap_begin(&argc, &argv);
    tap_directory();
    test_layouts();
    test_choices();
    test_transposed();
    test_cells();
    test_files();
    test_missing();
    test_missing_counts();
    test_constant();
    reads_long("many.csv", 40000, 6, 0, 0);
    reads_long("wide.csv", 9, 20000, 0, 0);
    reads_long("wide.csv.gz", 9, 20000, 0, 1);
    reads_long("many.csv.gz", 40000, 6, 0, 1);
    reads_long("tall-transposed.csv", 20000, 9, 1, 0);
    reads_long("wide-transposed.csv.gz", 9, 20000, 1, 1);
    test_long_errors();
    test_gzip();
    test_faults();
    return tap_end();
}
