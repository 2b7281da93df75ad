-- Module file of dsep for Lmod. After `make install PREFIX=/opt/site/dsep/0.1.0` put it where MODULEPATH
-- points to, as dsep/0.1.0.lua, and set `base`. Load what it was built with first: the lines of
-- depends_on() name one site's modules, `make info` tells what was found at the build.
--
-- Run: loaded and shown with Lmod 8.6.19 (Debian 12), beside modules of these names that were empty.
-- Not run: on a cluster.

local name = "dsep"
local version = "0.1.0"
local base = pathJoin("/opt/site", name, version)

help([[
Causal discovery and linear causal representation at cluster scale.

  dsep discover table.csv -o result.h5                on this machine
  dsep submit discover table.csv -o result.h5         as a Slurm job
  dsep status                                         how far jobs are
  dsep --help

Documents: ]] .. pathJoin(base, "share/doc/dsep") .. "\n")

whatis("Name: " .. name)
whatis("Version: " .. version)
whatis("Category: statistics, causal inference")
whatis("Description: causal discovery on many nodes, with MPI")

depends_on("openmpi", "hdf5", "scalapack", "openblas", "gsl", "jansson", "xxhash", "zlib", "petsc")

prepend_path("PATH", pathJoin(base, "bin"))

-- One thread a rank; where one-sided messages of UCX fail; and a store that does not hang at start.
setenv("OMP_NUM_THREADS", "1")
setenv("OPENBLAS_NUM_THREADS", "1")
setenv("OMPI_MCA_osc", "^ucx")
setenv("PMIX_MCA_gds", "hash")
