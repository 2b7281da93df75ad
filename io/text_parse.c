#include "io/text_parse.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { POWER_MAX = 64, EXACT_POWER_MAX = 22, DIGITS_MAX = 19, EXPONENT_MAX = 99999 };

/* The first 64 bits of 5^e, e = -64 .. 64, cut off, not rounded. */
static const uint64_t power_of_five[2 * POWER_MAX + 1] = {
    0xa87fea27a539e9a5u, 0xd29fe4b18e88640eu, 0x83a3eeeef9153e89u, 0xa48ceaaab75a8e2bu,
    0xcdb02555653131b6u, 0x808e17555f3ebf11u, 0xa0b19d2ab70e6ed6u, 0xc8de047564d20a8bu,
    0xfb158592be068d2eu, 0x9ced737bb6c4183du, 0xc428d05aa4751e4cu, 0xf53304714d9265dfu,
    0x993fe2c6d07b7fabu, 0xbf8fdb78849a5f96u, 0xef73d256a5c0f77cu, 0x95a8637627989aadu,
    0xbb127c53b17ec159u, 0xe9d71b689dde71afu, 0x9226712162ab070du, 0xb6b00d69bb55c8d1u,
    0xe45c10c42a2b3b05u, 0x8eb98a7a9a5b04e3u, 0xb267ed1940f1c61cu, 0xdf01e85f912e37a3u,
    0x8b61313bbabce2c6u, 0xae397d8aa96c1b77u, 0xd9c7dced53c72255u, 0x881cea14545c7575u,
    0xaa242499697392d2u, 0xd4ad2dbfc3d07787u, 0x84ec3c97da624ab4u, 0xa6274bbdd0fadd61u,
    0xcfb11ead453994bau, 0x81ceb32c4b43fcf4u, 0xa2425ff75e14fc31u, 0xcad2f7f5359a3b3eu,
    0xfd87b5f28300ca0du, 0x9e74d1b791e07e48u, 0xc612062576589ddau, 0xf79687aed3eec551u,
    0x9abe14cd44753b52u, 0xc16d9a0095928a27u, 0xf1c90080baf72cb1u, 0x971da05074da7beeu,
    0xbce5086492111aeau, 0xec1e4a7db69561a5u, 0x9392ee8e921d5d07u, 0xb877aa3236a4b449u,
    0xe69594bec44de15bu, 0x901d7cf73ab0acd9u, 0xb424dc35095cd80fu, 0xe12e13424bb40e13u,
    0x8cbccc096f5088cbu, 0xafebff0bcb24aafeu, 0xdbe6fecebdedd5beu, 0x89705f4136b4a597u,
    0xabcc77118461cefcu, 0xd6bf94d5e57a42bcu, 0x8637bd05af6c69b5u, 0xa7c5ac471b478423u,
    0xd1b71758e219652bu, 0x83126e978d4fdf3bu, 0xa3d70a3d70a3d70au, 0xccccccccccccccccu,
    0x8000000000000000u, 0xa000000000000000u, 0xc800000000000000u, 0xfa00000000000000u,
    0x9c40000000000000u, 0xc350000000000000u, 0xf424000000000000u, 0x9896800000000000u,
    0xbebc200000000000u, 0xee6b280000000000u, 0x9502f90000000000u, 0xba43b74000000000u,
    0xe8d4a51000000000u, 0x9184e72a00000000u, 0xb5e620f480000000u, 0xe35fa931a0000000u,
    0x8e1bc9bf04000000u, 0xb1a2bc2ec5000000u, 0xde0b6b3a76400000u, 0x8ac7230489e80000u,
    0xad78ebc5ac620000u, 0xd8d726b7177a8000u, 0x878678326eac9000u, 0xa968163f0a57b400u,
    0xd3c21bcecceda100u, 0x84595161401484a0u, 0xa56fa5b99019a5c8u, 0xcecb8f27f4200f3au,
    0x813f3978f8940984u, 0xa18f07d736b90be5u, 0xc9f2c9cd04674edeu, 0xfc6f7c4045812296u,
    0x9dc5ada82b70b59du, 0xc5371912364ce305u, 0xf684df56c3e01bc6u, 0x9a130b963a6c115cu,
    0xc097ce7bc90715b3u, 0xf0bdc21abb48db20u, 0x96769950b50d88f4u, 0xbc143fa4e250eb31u,
    0xeb194f8e1ae525fdu, 0x92efd1b8d0cf37beu, 0xb7abc627050305adu, 0xe596b7b0c643c719u,
    0x8f7e32ce7bea5c6fu, 0xb35dbf821ae4f38bu, 0xe0352f62a19e306eu, 0x8c213d9da502de45u,
    0xaf298d050e4395d6u, 0xdaf3f04651d47b4cu, 0x88d8762bf324cd0fu, 0xab0e93b6efee0053u,
    0xd5d238a4abe98068u, 0x85a36366eb71f041u, 0xa70c3c40a64e6c51u, 0xd0cf4b50cfe20765u,
    0x82818f1281ed449fu, 0xa321f2d7226895c7u, 0xcbea6f8ceb02bb39u, 0xfee50b7025c36a08u,
    0x9f4f2726179a2245u, 0xc722f0ef9d80aad6u, 0xf8ebad2b84e0d58bu, 0x9b934c3b330c8577u,
    0xc2781f49ffcfa6d5u,
};

static const double power_of_ten[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline int is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* Both factors are exact doubles, so one operation rounds correctly. */
static inline int multiply_exactly(uint64_t mantissa, int64_t exponent, double *value) {
    if (mantissa > (1ull << 53) || exponent < -EXACT_POWER_MAX || exponent > EXACT_POWER_MAX)
        return 0;
    const double factor = (double)mantissa;
    *value = exponent < 0 ? factor / power_of_ten[-exponent] : factor * power_of_ten[exponent];
    return 1;
}

/* The product with a power cut to 64 bits is at most one unit of its high word too small; where
 * that unit or an exact tie could change the rounding, it gives up. */
static int multiply_rounded(uint64_t mantissa, int64_t exponent, double *value) {
    if (exponent < -POWER_MAX || exponent > POWER_MAX)
        return 0;
    const int shift = __builtin_clzll(mantissa);
    const unsigned __int128 product =
        (unsigned __int128)(mantissa << shift) * power_of_five[exponent + POWER_MAX];
    const uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    const int spare = high >> 63 ? 11 : 10;
    const uint64_t half = 1ull << (spare - 1), rest = high & (2 * half - 1);
    if (rest == half - 1 || (rest == half && low == 0))
        return 0;
    const uint64_t rounded = (high >> spare) + (rest >= half);
    const int64_t binary = ((exponent * 152170) >> 16) - 63; /* floor(log2(5^e)) - 63 */
    *value = ldexp((double)rounded, (int)(64 + spare + binary + exponent - shift));
    return 1;
}

/* Long and extreme numbers; its text was checked to be a plain decimal number. */
static double convert_slowly(const char *text) {
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = c_locale ? uselocale(c_locale) : (locale_t)0;
    const double value = strtod(text, NULL);
    if (c_locale) {
        uselocale(before);
        freelocale(c_locale);
    }
    return value;
}

static const char *read_exponent(const char *at, int64_t *exponent) {
    const char *p = at + 1;
    const int negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return NULL;
    int64_t read = 0;
    for (; is_digit(*p); p++)
        read = read < EXPONENT_MAX ? read * 10 + (*p - '0') : read;
    *exponent += negative ? -read : read;
    return p;
}

static inline const char *read_digits(const char *p, uint64_t *mantissa) {
    uint64_t sum = *mantissa;
    while (is_digit(*p))
        sum = sum * 10 + (uint64_t)(*p++ - '0');
    *mantissa = sum;
    return p;
}

/* Digits that count: leading zeros do not. */
static int64_t significant(const char *p, int64_t digits) {
    for (; *p == '0' || *p == '.'; p++)
        digits -= *p == '0';
    return digits;
}

const char *dsep_text_number(const char *text, double *value) {
    const char *p = text;
    const int negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    const char *first = p;
    uint64_t mantissa = 0;
    int64_t exponent = 0;
    p = read_digits(p, &mantissa);
    int64_t digits = p - first;
    if (*p == '.') {
        const char *fraction = ++p;
        p = read_digits(p, &mantissa);
        exponent = fraction - p;
        digits += p - fraction;
    }
    if (digits == 0)
        return NULL;
    if ((*p == 'e' || *p == 'E') && !(p = read_exponent(p, &exponent)))
        return NULL;
    const int fits = digits <= DIGITS_MAX || significant(first, digits) <= DIGITS_MAX;
    if (fits && (multiply_exactly(mantissa, exponent, value) ||
                 (mantissa && multiply_rounded(mantissa, exponent, value))))
        *value = negative ? -*value : *value;
    else
        *value = convert_slowly(text);
    return p;
}

int dsep_text_is_number(const char *begin, const char *end) {
    double ignored = 0;
    return begin < end && dsep_text_number(begin, &ignored) == end;
}

int dsep_text_is_infinity(const char *begin, const char *end) {
    if (begin < end && (*begin == '-' || *begin == '+'))
        begin++;
    return (end - begin == 3 && strncasecmp(begin, "inf", 3) == 0) ||
           (end - begin == 8 && strncasecmp(begin, "infinity", 8) == 0);
}

int dsep_text_is_decimal_comma(const char *begin, const char *end) {
    char copy[64];
    const char *comma = begin < end ? memchr(begin, ',', (size_t)(end - begin)) : NULL;
    if (!comma || end - begin >= (int64_t)sizeof copy)
        return 0;
    memcpy(copy, begin, (size_t)(end - begin));
    copy[end - begin] = 0;
    copy[comma - begin] = '.';
    return dsep_text_is_number(copy, copy + (end - begin));
}

static dsep_text_field quoted_field(dsep_text_style style, const char *at, const char *end) {
    dsep_text_field field = {.begin = at + 1, .quoted = 1};
    const char *p = at + 1;
    while (p < end && !(*p == '"' && !(p + 1 < end && p[1] == '"')))
        p += *p == '"' ? 2 : 1;
    field.end = p < end ? p : end;
    field.next = p < end ? dsep_text_skip(style, p + 1, end) : end;
    if (p >= end)
        field.fault = DSEP_FIELD_OPEN_QUOTE;
    else if (field.next < end && (style.blanks ? field.next == p + 1 && field.next < end
                                               : *field.next != style.separator))
        field.fault = DSEP_FIELD_AFTER_QUOTE;
    return field;
}

dsep_text_field dsep_text_next_field(dsep_text_style style, const char *at, const char *end) {
    at = dsep_text_skip(style, at, end);
    if (at < end && *at == '"')
        return quoted_field(style, at, end);
    const char *p = at;
    if (style.blanks)
        while (p < end && !dsep_text_is_space(style, *p))
            p++;
    else if (!(p = at < end ? memchr(at, style.separator, (size_t)(end - at)) : NULL))
        p = end;
    const char *last = p;
    while (last > at && dsep_text_is_space(style, last[-1]))
        last--;
    return (dsep_text_field){
        .begin = at, .end = last, .next = style.blanks ? dsep_text_skip(style, p, end) : p};
}

const char *dsep_text_trim(dsep_text_style style, const char *begin, const char *end) {
    while (end > begin &&
           (end[-1] == '\n' || end[-1] == '\r' || dsep_text_is_space(style, end[-1])))
        end--;
    return end;
}

int64_t dsep_text_count_fields(dsep_text_style style, const char *begin, const char *end) {
    int64_t count = 0;
    for (const char *at = begin; at; count++) {
        const dsep_text_field field = dsep_text_next_field(style, at, end);
        at = field.fault ? NULL : dsep_text_after(style, field.next, end);
    }
    return count;
}

char *dsep_text_field_copy(const dsep_text_field *field) {
    char *copy = malloc((size_t)(field->end - field->begin) + 1), *to = copy;
    if (!copy)
        return NULL;
    for (const char *p = field->begin; p < field->end; p++) {
        *to++ = *p;
        p += field->quoted && *p == '"' && p + 1 < field->end && p[1] == '"';
    }
    *to = 0;
    return copy;
}

void dsep_text_excerpt(const char *begin, const char *end, char *buffer, int64_t room) {
    int64_t length = end - begin;
    const int cut = length > room - 1;
    if (cut)
        length = room - 4;
    /* A cut never leaves half a UTF-8 character. */
    while (cut && length > 0 && ((unsigned char)begin[length] & 0xc0) == 0x80)
        length--;
    for (int64_t i = 0; i < length; i++)
        buffer[i] = (unsigned char)begin[i] < 32 || begin[i] == 127 ? '?' : begin[i];
    memcpy(buffer + length, cut ? "..." : "", cut ? 4 : 1);
}
