#%Module1.0
# Module file of dsep for Environment Modules (Tcl); the same as modulefile.lua, which says where it goes.
#
# Run: loaded and shown with Environment Modules 5.2.0 (Debian 12), beside modules of these names that
# were empty. Not run: on a cluster.

set name    dsep
set version 0.1.0
set base    /opt/site/$name/$version

proc ModulesHelp {} {
    global base
    puts stderr "Causal discovery and linear causal representation at cluster scale."
    puts stderr "dsep --help; dsep submit discover table.csv -o result.h5; documents: $base/share/doc/dsep"
}
module-whatis "causal discovery on many nodes, with MPI"

foreach needed {openmpi hdf5 scalapack openblas gsl jansson xxhash zlib petsc} {
    prereq $needed
}
prepend-path PATH                 $base/bin
setenv       OMP_NUM_THREADS      1
setenv       OPENBLAS_NUM_THREADS 1
setenv       OMPI_MCA_osc         ^ucx
setenv       PMIX_MCA_gds         hash
