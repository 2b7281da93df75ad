/* The fast number parser against strtod(), bit for bit; fields of a line; choice of columns.
 * ranks: 1 2 */
#include "io/column_choice.h"
#include "io/missing_token.h"
#include "io/text_parse.h"
#include "mpi/random.h"
#include "tests/support/tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 1000000 };

static int same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static int agrees(const char *text) {
    double value = -1;
    char *end = NULL;
    const char *after = dsep_text_number(text, &value);
    const double expected = strtod(text, &end);
    if (after == end && same_bits(value, expected))
        return 1;
    tap_note("'%s' gives %.17g, strtod %.17g", text, value, expected);
    return 0;
}

/* Decimal strings of every length and exponent, some without point, some with leading zeros. */
static void random_decimal(uint64_t i, char *text) {
    const dsep_random source = {20240601, 100, 0};
    uint32_t bits[4];
    dsep_random_bits(source, i, bits);
    const int digits = 1 + (int)(bits[0] % 21), point = (int)(bits[0] >> 8) % (digits + 1);
    char *at = text;
    if (bits[1] & 1)
        *at++ = bits[1] & 2 ? '-' : '+';
    for (int d = 0; d < digits; d++) {
        if (d == point && (bits[1] & 12))
            *at++ = '.';
        const uint32_t draw = bits[2 + (d & 1)] / (uint32_t)(1 + d * 7919);
        *at++ = (char)('0' + (bits[1] & 16 && d < 3 ? 0 : draw % 10));
    }
    const int spread = bits[1] & 32 ? 20 : bits[1] & 64 ? 80 : 340;
    if (bits[1] & 128)
        at += snprintf(at, 16, "%c%d", bits[1] & 256 ? 'e' : 'E',
                       (int)(bits[3] % (uint32_t)(2 * spread)) - spread);
    *at = 0;
}

static int random_decimals_agree(void) {
    char text[80];
    int good = 1;
    for (uint64_t i = 0; i < MANY && good; i++) {
        random_decimal(i, text);
        good = agrees(text);
    }
    return good;
}

/* What programs write: the 17 digits of random doubles, and the 15, 16 and shortest of them. */
static int printed_doubles_agree(void) {
    const dsep_random source = {7, 100, 1};
    char text[80];
    int good = 1;
    for (uint64_t i = 0; i < MANY && good; i++) {
        uint32_t bits[4];
        double value;
        dsep_random_bits(source, i, bits);
        memcpy(&value, bits, sizeof value);
        if (i % 4)
            value = dsep_random_uniform(source, i) * (i % 8 < 4 ? 1 : 1000);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.*g", 14 + (int)(bits[2] % 5), value);
        good = agrees(text);
    }
    return good;
}

/* Halfway cases: the exact middle between two doubles, and its neighbours. */
static int ties_agree(void) {
    const dsep_random source = {8, 100, 2};
    char text[80];
    int good = 1;
    for (uint64_t i = 0; i < 100000 && good; i++) {
        const uint64_t middle = 2 * ((1ull << 52) + dsep_random_below(source, i, 1ull << 32)) + 1;
        const int64_t near = (int64_t)(i % 3) - 1;
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)((int64_t)(2 * middle) + near),
                 i % 5 == 0   ? "e1"
                 : i % 5 == 1 ? ".0"
                              : "");
        good = agrees(text);
    }
    return good;
}

static void test_numbers(void) {
    static const char *const fixed[] = {"0",
                                        "-0",
                                        "1.",
                                        ".5",
                                        "-.5e1",
                                        "1e22",
                                        "1e23",
                                        "1e308",
                                        "1e309",
                                        "1e-324",
                                        "5e-324",
                                        "2.2250738585072011e-308",
                                        "1e-400",
                                        "00001",
                                        "0.0000001",
                                        "9007199254740993",
                                        "9007199254740992.5",
                                        "123456789012345678901234567890",
                                        "0.00000000000000000000000000000000001",
                                        "1e999999999999",
                                        "1e-999999999999",
                                        "0e99999",
                                        "8.5e-5x",
                                        "12,5",
                                        "7 8",
                                        "18446744073709551615",
                                        "18446744073709551616",
                                        "1.7976931348623158e308"};
    int good = 1;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        good &= agrees(fixed[i]);
    tap_ok(good, "chosen decimal strings equal strtod bit for bit");
    tap_ok(random_decimals_agree(), "a million random decimal strings equal strtod bit for bit");
    tap_ok(printed_doubles_agree(), "a million printed doubles equal strtod bit for bit");
    tap_ok(ties_agree(), "halfway cases equal strtod bit for bit");
    static const char *const none[] = {"",   "-",   "+",   ".",   "e5", "abc", "-e",
                                       "1e", "1e+", "inf", "nan", " 1", "--1", "+-1"};
    double value = 0;
    good = 1;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        good &= dsep_text_number(none[i], &value) == NULL;
    tap_ok(good, "what is no decimal number is refused");
    tap_ok(!dsep_text_is_number("0x10", strchr("0x10", 0)), "no hexadecimal numbers");
}

static int fields_are(dsep_text_style style, const char *line, const char *expected) {
    char joined[256] = "";
    const char *end = dsep_text_trim(style, line, line + strlen(line));
    const char *at = style.blanks ? dsep_text_skip(style, line, end) : line;
    while (at) {
        const dsep_text_field field = dsep_text_next_field(style, at, end);
        char *copy = dsep_text_field_copy(&field);
        strncat(joined, copy, 60);
        strcat(joined, field.fault ? "!" : "|");
        free(copy);
        at = field.fault ? NULL : dsep_text_after(style, field.next, end);
    }
    if (strcmp(joined, expected) != 0)
        tap_note("'%s' gives %s, expected %s", line, joined, expected);
    return strcmp(joined, expected) == 0;
}

static void test_fields(void) {
    const dsep_text_style comma = {',', 0}, tab = {'\t', 0}, blank = {' ', 1};
    tap_ok(fields_are(comma, "a, b ,\"c,d\",\"e\"\"f\",\r\n", "a|b|c,d|e\"f||") &&
               fields_are(comma, "", "|") && fields_are(comma, ",", "||"),
           "commas and quotes");
    tap_ok(fields_are(tab, "a\t\tb c\t", "a||b c||"), "tabs keep empty fields");
    tap_ok(fields_are(blank, "  a \t b   \"c d\"  e ", "a|b|c d|e|"), "runs of blanks are one");
    tap_ok(fields_are(comma, "a,\"b", "a|b!") && fields_are(comma, "\"a\"b,c", "a!") &&
               fields_are(blank, "\"a\"b c", "a!"),
           "open quotes and text after quotes are faults");
}

/* kept columns; with an environment then '/' and its position */
static int choice_with(const char *columns, const char *drop, const char *environment,
                       const char *expected) {
    static char *const names[] = {"a", "b", "3-4", "age", "x,y", "f"};
    char got[64] = "";
    dsep_error error = {0};
    dsep_column_set chosen;
    const dsep_column_wishes wishes = {columns, drop, environment, NULL};
    const int code = dsep_column_choice("t.csv", names, 6, &wishes, &chosen, &error);
    for (int64_t i = 0; i < chosen.n_kept; i++)
        snprintf(got + strlen(got), 12, "%d", (int)chosen.kept[i] + 1);
    if (chosen.environment >= 0)
        snprintf(got + strlen(got), 16, "/%d", (int)chosen.environment + 1);
    free(chosen.kept);
    const int good = code ? strstr(error.text, expected) && code == DSEP_ERROR_USAGE
                          : strcmp(got, expected) == 0;
    if (!good)
        tap_note("%s / %s: code %d, %s%s", columns, drop, code, got, code ? error.text : "");
    return good;
}

static int choice_is(const char *columns, const char *drop, const char *expected) {
    return choice_with(columns, drop, NULL, expected);
}

static void test_environment_choice(void) {
    tap_ok(choice_with(NULL, NULL, "age", "12356/4") && choice_with("1-4", "b", "age", "13/4") &&
               choice_with("a,b", NULL, "6", "12/6") && choice_with(NULL, "1-2", "x,y", "346/5") &&
               choice_with(NULL, NULL, "\"x,y\"", "12346/5") &&
               choice_with(NULL, NULL, "3-4", "12456/3"),
           "the environment is one column, by name or number, and no variable");
    tap_ok(choice_with(NULL, NULL, "agf", "--environment names 'agf'") &&
               choice_with(NULL, NULL, "a,b", "names 2 columns") &&
               choice_with(NULL, "1-4", "age", "both name column 4 ('age')") &&
               choice_with("age", NULL, "age", "no column"),
           "an environment that is no column, two, dropped or all there is");
}

static void test_choice(void) {
    tap_ok(choice_is(NULL, NULL, "123456") && choice_is("f, a", NULL, "16") &&
               choice_is("2-4", NULL, "234") && choice_is("3-4", NULL, "3") &&
               choice_is("\"x,y\",1", NULL, "15") && choice_is("1-5", "age,2-3", "15"),
           "names, numbers and ranges choose columns in file order");
    tap_ok(choice_is("agf", NULL, "did you mean 'age'") &&
               choice_is("sample_id", NULL, "no such column. Expected a name") &&
               choice_is(NULL, "7", "'7'") && choice_is("5-2", NULL, "'5-2'") &&
               choice_is("a,,b", NULL, "empty item") && choice_is(NULL, "1-6", "no column") &&
               choice_is("\"2\"", NULL, "'2'"),
           "unknown columns are usage errors with a suggestion");
    tap_ok(dsep_edit_distance("kitten", "sitting") == 3 && dsep_edit_distance("", "ab") == 2,
           "edit distance");
}

static void test_missing(void) {
    dsep_missing usual, own;
    dsep_error error;
    const char *na = "NA", *other = "n/a";
    int good =
        !dsep_missing_parse(NULL, &usual, &error) && !dsep_missing_parse("-999, n/a", &own, &error);
    good &= dsep_missing_is(&usual, na, na + 2) && !dsep_missing_is(&own, na, na + 2) &&
            dsep_missing_is(&own, other, other + 3) && dsep_missing_is(&own, na, na);
    double values[] = {-999, 1, -998};
    dsep_missing_replace(&own, values, 3);
    tap_ok(good && isnan(values[0]) && values[1] == 1 && values[2] == -998, "missing tokens");
    dsep_missing_clear(&usual);
    dsep_missing_clear(&own);
}

int main(int argc, char **argv) {
    tap_begin(&argc, &argv);
    test_numbers();
    test_fields();
    test_choice();
    test_environment_choice();
    test_missing();
    return tap_end();
}
