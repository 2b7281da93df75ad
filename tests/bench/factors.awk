# Prints a factor model's table as CSV: n rows of p variables, x = L f + noise e, where the loadings
# L (p x factors), the factors f of a row and e are independent standard normal.
#   awk -v p=1190 -v n=47 -v factors=20 -v noise=.5 -v seed=1 -f factors.awk
# The uniform numbers are L'Ecuyer's combined generator (1988), exact in double precision, since
# rand() differs between kinds of awk; normal ones by Marsaglia's polar method.
function uniform(    z) {
    s1 = (40014 * s1) % 2147483563
    s2 = (40692 * s2) % 2147483399
    z = s1 - s2
    if (z < 1) z += 2147483562
    return z / 2147483563
}

function normal(    u, v, s) {
    if (kept) { kept = 0; return spare }
    do {
        u = 2 * uniform() - 1
        v = 2 * uniform() - 1
        s = u * u + v * v
    } while (s >= 1 || s == 0)
    s = sqrt(-2 * log(s) / s)
    spare = v * s
    kept = 1
    return u * s
}

BEGIN {
    s1 = 12345 + seed
    s2 = 67890 + seed
    for (j = 1; j <= p; j++)
        for (k = 1; k <= factors; k++) load[j, k] = normal()
    for (i = 1; i <= n; i++) {
        for (k = 1; k <= factors; k++) f[k] = normal()
        for (j = 1; j <= p; j++) {
            x = noise * normal()
            for (k = 1; k <= factors; k++) x += load[j, k] * f[k]
            printf "%s%.9g", (j > 1) ? "," : "", x
        }
        printf "\n"
    }
}
