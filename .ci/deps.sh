#!/usr/bin/env bash
# Makes sure that everything needed to build and test is there. On Debian and Ubuntu what is
# missing is installed (as root or by sudo); elsewhere its names are printed. Needs no network
# when nothing is missing. The build's own settings (MPICC, PREFIX, HDF5_DIR, ...) are respected.
# deps.sh test: also what only the tests on a Slurm cluster need, where it can be had; they need root.
set -euo pipefail
: "${MPICC:=mpicc}" "${MPIRUN:=mpirun}" "${PREFIX:=/usr/local}"
export PKG_CONFIG_PATH="$PREFIX/lib/pkgconfig:$PREFIX/lib64/pkgconfig:${PKG_CONFIG_PATH:-}"

# What | how it is looked for | Debian | modules on a cluster | Spack | conda-forge | EasyBuild
table='
mpi|mpi|openmpi-bin libopenmpi-dev|openmpi|openmpi|openmpi|OpenMPI
make|command make|make|-|gmake|make|make
pkg-config|command pkg-config|pkg-config|pkgconf|pkgconf|pkg-config|pkgconf
HDF5 (parallel)|HDF5_DIR hdf5-openmpi hdf5-mpi hdf5|libhdf5-openmpi-dev|hdf5 (parallel build)|hdf5+mpi|hdf5=*=mpi_openmpi*|HDF5 (gompi)
ScaLAPACK|SCALAPACK_DIR scalapack-openmpi scalapack|libscalapack-openmpi-dev|scalapack|netlib-scalapack|scalapack|ScaLAPACK
OpenBLAS|BLAS_DIR openblas|libopenblas-dev|openblas|openblas threads=none|openblas|OpenBLAS
GSL|GSL_DIR gsl|libgsl-dev|gsl|gsl|gsl|GSL
jansson|JANSSON_DIR jansson|libjansson-dev|jansson|jansson|jansson|Jansson
xxhash|XXHASH_DIR libxxhash|libxxhash-dev|xxhash|xxhash|xxhash|xxHash
zlib|ZLIB_DIR zlib|zlib1g-dev|zlib|zlib-api|zlib|zlib
Random123|header Random123/philox.h RANDOM123_DIR|librandom123-dev|random123|random123|random123|Random123
PETSc|PETSC_DIR petsc PETSc|libpetsc-real-dev|petsc (real scalars)|petsc~complex|petsc=*=real*|PETSc
prove|command prove|perl|perl|perl|perl|Perl
'

has_mpi() {
    command -v "$MPICC" >/dev/null && command -v "${MPIRUN%% *}" >/dev/null
}

has_header() {
    local directory=${!2:-}
    [ -e "${directory:-/nonexistent}/include/$1" ] || [ -e "$PREFIX/include/$1" ] ||
        printf '#include <%s>\n' "$1" | "${CC:-cc}" -E -x c - >/dev/null 2>&1 ||
        printf '#include <%s>\n' "$1" | "$MPICC" -E -x c - >/dev/null 2>&1
}

# has_library DIRECTORY-VARIABLE PKG-CONFIG-NAME...: a directory given by the user counts
has_library() {
    local name
    [ -z "${!1:-}" ] || return 0
    shift
    for name; do
        pkg-config --exists "$name" 2>/dev/null && return 0
    done
    return 1
}

# has KIND WORD...: how the second column of the table is looked for
has() {
    case $1 in
    mpi) has_mpi ;;
    command) command -v "$2" >/dev/null ;;
    header) has_header "$2" "$3" ;;
    *) has_library "$@" ;;
    esac
}

# Fills the lists of what is missing.
look() {
    missing=() packages=() modules=() spack=() conda=() easybuild=()
    local what how debian module spack_name conda_name easy_name words
    while IFS='|' read -r what how debian module spack_name conda_name easy_name; do
        [ -n "$what" ] || continue
        read -ra words <<<"$how"
        [[ $what == PETSc && ${PETSC:-yes} == no ]] && continue
        has "${words[@]}" && continue
        missing+=("$what")
        read -ra words <<<"$debian"
        packages+=("${words[@]}")
        modules+=("$module") spack+=("$spack_name") conda+=("$conda_name") easybuild+=("$easy_name")
    done <<<"$table"
}

# joined WORD...: with commas
joined() {
    local text
    text=$(printf ', %s' "$@")
    printf '%s' "${text:2}"
}

advise() {
    {
        echo "missing: $(joined "${missing[@]}"). Install or load, then run make again:"
        echo "  Debian, Ubuntu   apt-get install ${packages[*]}"
        echo "  modules          module load: $(joined "${modules[@]}")"
        echo "  Spack            $(joined "${spack[@]}")"
        echo "  conda-forge      $(joined "${conda[@]}")"
        echo "  EasyBuild        $(joined "${easybuild[@]}")"
        echo "A library in a place of its own: make HDF5_DIR=... GSL_DIR=... (see make info)."
        [[ " ${missing[*]} " != *" PETSc "* ]] || echo "Without PETSc, and so without --method dagma and notears: make PETSC=no"
    } >&2
    exit 1
}

# apt_install PACKAGE...: as root or by sudo; fails where it cannot
apt_install() {
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return
        as_root=(sudo -n)
    fi
    echo "installing: $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq || return
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# lacks PROGRAM...: which of them are not there
lacks() {
    local program
    for program; do
        PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || printf '%s ' "$program"
    done
}

# What the private cluster of tests/slurm needs. Its packages would start services: they are told not
# to, as in an image that is being built, and the tests start their own.
install_slurm() {
    local programs=(slurmctld slurmd sbatch srun munged munge ip nsenter unshare setpriv)
    local policy=/usr/sbin/policy-rc.d made=''
    [ -n "$(lacks "${programs[@]}")" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        if [ ! -e "$policy" ]; then
            printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=$policy
        fi
        apt_install slurmctld slurmd slurm-client munge iproute2 util-linux || true
        [ -z "$made" ] || rm -f "$made"
    fi
    local missing
    missing=$(lacks "${programs[@]}")
    [ -z "$missing" ] ||
        echo "WARNING: the tests on a Slurm cluster will be SKIPPED; not installed: $missing" >&2
}

look
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || advise
    apt_install "${packages[@]}" || advise
    look
    [ ${#missing[@]} -eq 0 ] || advise
fi
[ "${1:-}" != test ] || install_slurm
echo "everything needed is installed"
