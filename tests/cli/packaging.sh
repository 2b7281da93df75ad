#!/usr/bin/env bash
# Site packaging: the dependencies of the Spack recipe, the EasyBuild note, the module files and the
# container are those of .ci/deps.sh, versions agree, and what can be parsed here is.
# shellcheck source=tests/support/tap.sh
. tests/support/tap.sh

# column N: that column of the table in .ci/deps.sh, one entry a line, without what says how it is built
column() {
    sed -n "/^table='/,/^'/p" .ci/deps.sh | grep '|' | cut -d '|' -f "$1"
}

version=$(sed -n 's/^VERSION := //p' Makefile)
for file in modulefile.lua modulefile.tcl spack/packages/dsep/package.py dsep.def easybuild.md; do
    ok "$file is of version $version" grep -qE "$version" "slurm/$file"
    ok "$file says what was and was not run" \
        awk '/Run: / { run = 1 } /Not run: |was not run/ { not = 1 } END { exit !(run && not) }' "slurm/$file"
done

# --- lists of dependencies ---------------------------------------------------------------------

wanted=$(column 5 | sort)
found=$(sed -n 's/^ *depends_on("\([^"]*\)".*/\1/p' slurm/spack/packages/dsep/package.py | grep -vx c | sort)
is "$found" "$wanted" "Spack: the dependencies"

wanted=$(column 7 | sed 's/ .*//' | sort)
found=$({
    printf '%s\n' OpenMPI OpenBLAS ScaLAPACK # of the toolchain
    sed -n "s/^    ('\([A-Za-z0-9]*\)', '[0-9.]*'),/\1/p" slurm/easybuild.md
} | sort)
is "$found" "$wanted" "EasyBuild: the dependencies"
for name in OpenMPI OpenBLAS ScaLAPACK; do
    ok "EasyBuild: $name is said to be of the toolchain" grep -q "^# .*$name" slurm/easybuild.md
done

# What is needed to build alone is not loaded.
wanted=$(column 4 | sed 's/ .*//' | grep -vxE -- '-|pkgconf|random123|perl' | sort)
found=$(sed -n 's/^depends_on(\(.*\))/\1/p' slurm/modulefile.lua | tr -d '" ' | tr ',' '\n' | sort)
is "$found" "$wanted" "Lmod: the modules"
found=$(sed -n 's/^foreach needed {\(.*\)} {/\1/p' slurm/modulefile.tcl | tr ' ' '\n' | sort)
is "$found" "$wanted" "Tcl: the modules"
ok "the container installs what .ci/deps.sh says" grep -q '^ *bash .ci/deps.sh$' slurm/dsep.def

# --- the same environment everywhere, as the batch script has ------------------------------------

for setting in OMP_NUM_THREADS OPENBLAS_NUM_THREADS OMPI_MCA_osc PMIX_MCA_gds; do
    files=$(grep -l "$setting" slurm/modulefile.lua slurm/modulefile.tcl slurm/dsep.def slurm/easybuild.md \
        slurm/spack/packages/dsep/package.py slurm/body.sh | wc -l)
    is "$files" 6 "$setting is set by all of them"
done

# --- syntax ------------------------------------------------------------------------------------

ok "the Spack recipe is Python" /usr/bin/env python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' \
    slurm/spack/packages/dsep/package.py
awk '/^```/ { on = !on; next } on' slurm/easybuild.md >"$scratch/config.py"
ok "the easyconfig is Python" /usr/bin/env python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' \
    "$scratch/config.py"
for section in post environment runscript test; do
    awk -v name="%$section" '/^%/ { on = $1 == name; next } on' slurm/dsep.def >"$scratch/$section.sh"
    ok "%$section is there, and is a shell script" \
        test -s "$scratch/$section.sh" -a "$(sh -n "$scratch/$section.sh" 2>&1)" = ""
done
if command -v luac >/dev/null; then
    ok "the module file is Lua" luac -p slurm/modulefile.lua
else
    skip "the module file is Lua" "luac is not installed"
fi
if command -v tclsh >/dev/null; then
    ok "the module file is Tcl" test "$(tclsh <<<'puts [info complete [read [open slurm/modulefile.tcl]]]')" = 1
else
    skip "the module file is Tcl" "tclsh is not installed"
fi
finish
