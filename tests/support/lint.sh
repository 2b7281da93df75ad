#!/usr/bin/env bash
# The rules of the house that no compiler checks. Prints `file:line: message` for each finding
# and ends with 1 when there is one.
#   layers     mpi < io, solvers, slurm < jobs; raw MPI only in mpi, in io's HDF5 set-up and in main
#   headers    every function has a comment that says whether it is collective; guards; order
#   calls      none that are unsafe, that print or read where they must not
#   texts      no machine's paths, no blanks at line ends, no tabs in C, unique names, lengths
#   scripts    shellcheck, where it is installed
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

mapfile -t files < <(git ls-files -co --exclude-standard | sort -u | while IFS= read -r file; do
    [ -f "$file" ] && printf '%s\n' "$file"
done)

# chosen EXTENDED-REGEX: the files whose path matches, one a line
chosen() {
    printf '%s\n' "${files[@]}" | grep -E "$1"
}

mapfile -t c_files < <(chosen '^(mpi|io|solvers|slurm|jobs|tests)/.*\.[ch]$')
mapfile -t scripts < <(chosen '(\.sh|^\.ci/run)$')

check_c() {
    awk '
    function found(line, message) { printf "%s:%d: %s\n", FILENAME, line, message }

    # The line without comments and with empty strings; a comment that stands alone goes to doc.
    function strip(text,    out, c, two, i, n, quote) {
        out = ""; n = length(text); quote = ""
        for (i = 1; i <= n; i++) {
            c = substr(text, i, 1); two = substr(text, i, 2)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; i++ }
                else comment = comment c
            } else if (quote != "") {
                if (c == "\\") i++
                else if (c == quote) { quote = ""; out = out c }
            } else if (two == "/*") {
                if (out !~ /[^ ]/) comment = ""
                in_comment = 1; i++
            } else if (two == "//") {
                break
            } else {
                if (c == "\"" || c == "\047") quote = c
                out = out c
            }
        }
        if (in_comment) comment = comment " "
        return out
    }

    function has(code, names) { return code ~ ("(^|[^A-Za-z0-9_])(" names ")[ ]*\\(") }

    function check_include(text,    target, layer, part) {
        if (text !~ /^#[ ]*include/) return
        target = ""
        if (text ~ /"/) { split(text, part, "\""); target = part[2] }
        if (++includes == 1 && own_header && target != own)
            found(FNR, "the first include must be its own header \"" own "\"")
        if (target == "") return
        layer = target; sub(/\/.*/, "", layer)
        if (target !~ /\//)
            found(FNR, "include from the root: \"folder/" target "\"")
        else if (index(allowed, " " layer " ") == 0)
            found(FNR, folder " may not include \"" target "\" (allowed:" allowed ")")
    }

    function check_calls(code) {
        if (folder == "tests") {
            if (FILENAME !~ /^tests\/support\// && code ~ /(^|[^A-Za-z0-9_])MPI_[A-Z][a-z_]*[ ]*\(/)
                found(FNR, "raw MPI call; use mpi/")
            return
        }
        if (folder != "mpi" && FILENAME != "jobs/main.c" &&
            code ~ /(^|[^A-Za-z0-9_])MPI_[A-Z]/ &&
            !(folder == "io" && code ~ /H5Pset_fapl_mpio|MPI_INFO_NULL/) &&
            !(FILENAME == "solvers/petsc.c" && code ~ /complain\(MPI_Comm comm,/))
            found(FNR, "raw MPI outside mpi/")
        if (code ~ /\(/ && has(code, "assert|rand|srand|sprintf|vsprintf|strcpy|strcat|strtok|gets|atoi|atol|atof|alloca|system"))
            found(FNR, "banned call (assert rand sprintf strcpy strcat strtok gets ato* alloca system)")
        if (folder == "solvers" && has(code, "printf|fprintf|vprintf|puts|fputs|putchar"))
            found(FNR, "solvers do not print")
        if (folder == "solvers" && has(code, "fopen|open|freopen"))
            found(FNR, "solvers do not open files")
        if (folder != "mpi" && FILENAME != "jobs/main.c" && has(code, "getenv|secure_getenv"))
            found(FNR, "the environment is read in mpi/ and jobs/main.c only")
    }

    # A declaration at file level, complete in `head`.
    function check_declaration() {
        if (header && head ~ /\(/ && head !~ /^ *(typedef|struct|enum|union|extern "C")/ &&
            tolower(doc) !~ /collective/)
            found(head_line, "no comment that says Collective or Not collective: " \
                substr(head, 1, 60))
    }

    # Follows braces at file level: declarations and functions with their lengths.
    function follow(code,    i, c) {
        for (i = 1; i <= length(code); i++) {
            c = substr(code, i, 1)
            if (depth == 0) {
                if (head == "" && c != " ") head_line = FNR
                if (head != "" || c != " ") head = head c
            }
            if (c == "{" && depth++ == 0) {
                function_line = head ~ /\)[ ]*\{$/ ? head_line : 0
                if (function_line) check_declaration()
            } else if (c == "}" && --depth == 0) {
                if (function_line && FNR - function_line + 1 > 80)
                    found(function_line, "function of " FNR - function_line + 1 " lines; 80 is the limit")
                if (function_line) head = ""
                function_line = 0
            } else if (c == ";" && depth == 0) {
                check_declaration()
                head = ""
            }
        }
        if (depth == 0 && head != "") head = head " "
    }

    function check_length() {
        if (lines > 700) printf "%s:%d: file of %d lines; 700 is the limit\n", last, lines, lines
        if (guard != "" && guards < 2) printf "%s:1: header guard must be %s\n", last, guard
    }

    FNR == 1 {
        if (last != "") check_length()
        last = FILENAME; folder = FILENAME; sub(/\/.*/, "", folder)
        header = FILENAME ~ /\.h$/
        own = FILENAME; sub(/\.c$/, ".h", own); own_header = 0
        if (!header && (getline probe < own) >= 0) { own_header = 1; close(own) }
        allowed = folder == "mpi" ? " mpi " : folder == "io" ? " mpi io " : \
            folder == "solvers" ? " mpi solvers " : folder == "slurm" ? " mpi slurm " : \
            folder == "jobs" ? " mpi io solvers slurm jobs " : \
            " mpi io solvers slurm jobs tests "
        guard = ""; guards = 0
        if (header) { guard = FILENAME; gsub(/[^A-Za-z0-9]/, "_", guard); guard = "DSEP_" toupper(guard) }
        in_comment = includes = depth = function_line = continued = 0
        comment = doc = head = ""
    }
    {
        lines = FNR
        if ($0 ~ /\t/) found(FNR, "tab")
        if (header && ($0 == "#ifndef " guard || $0 == "#define " guard)) guards++
        was_open = in_comment
        code = strip($0)
        if (continued || code ~ /^[ ]*#/) {
            check_include($0)
            check_calls(code)
            continued = $0 ~ /\\$/
            next
        }
        if ($0 ~ /^[ ]*$/ && depth == 0 && !in_comment) doc = ""
        if (!in_comment && depth == 0 && head == "" && code !~ /[^ ]/ &&
            (was_open || $0 ~ /\/\*/)) doc = comment
        check_calls(code)
        follow(code)
    }
    END { if (last != "") check_length() }
    ' "${c_files[@]}"
}

# jobs/x.c and solvers/x.c would be one member of the library.
check_names() {
    chosen '^(mpi|io|solvers|slurm|jobs)/.*\.[ch]$' | awk -F/ '
        { name = $NF; if (name in seen) printf "%s:1: %s has this name, too\n", $0, seen[name]
          seen[name] = $0 }'
}

check_texts() {
    grep -nIE '(^|[^A-Za-z0-9_.~])/(work|root|home)/' -- "${files[@]}" /dev/null |
        sed -E 's/^([^:]*:[0-9]+):.*/\1: path of one machine/'
    mapfile -t texts < <(chosen '(\.(c|h|sh|md|py|lua|mk)|^Makefile|^\.ci/.*|\.def)$')
    grep -nIE '[[:blank:]]+$' -- "${texts[@]}" /dev/null |
        sed -E 's/^([^:]*:[0-9]+):.*/\1: blanks at the end of the line/'
}

check_scripts() {
    [ ${#scripts[@]} -gt 0 ] || return 0
    if command -v shellcheck >/dev/null; then
        shellcheck -x -P . -f gcc -- "${scripts[@]}"
    else
        echo "lint: shellcheck is not installed, scripts were not checked" >&2
    fi
}

findings=$(check_c; check_names; check_texts; check_scripts)
[ -z "$findings" ] && exit 0
printf '%s\n' "$findings"
printf 'lint: %d findings\n' "$(grep -c . <<<"$findings")" >&2
exit 1
