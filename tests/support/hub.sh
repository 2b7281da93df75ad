# shellcheck shell=bash
# hub CHILDREN: a table of 500 rows in which one variable causes so many others. No set separates it from
# any of them, so every order of the search tries all sets. Source it.
hub() {
    awk -v n=500 -v children="$1" '
        function normal(    sum, k) { for (k = 0; k < 12; k++) sum += rand(); return sum - 6 }
        BEGIN {
            srand(7)
            printf "h"
            for (j = 1; j <= children; j++) printf ",c%d", j
            print ""
            for (s = 0; s < n; s++) {
                printf "%.9g", h = normal()
                for (j = 1; j <= children; j++) printf ",%.9g", .5 * h + normal()
                print ""
            }
        }'
}
