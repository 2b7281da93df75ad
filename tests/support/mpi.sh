# shellcheck shell=bash
# How tests start MPI: as root, with more ranks than cores, which give way to one another.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader OMPI_MCA_osc=^ucx # no network: starts .15 s sooner
# A rank that is killed while it starts can leave mpirun waiting for ever, we think for a lock that the
# rank held in PMIx's shared memory: 2 of 60 such kills, and none of 90 without that memory.
export PMIX_MCA_gds=hash
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
