# Spack recipe of dsep, for the source tree that it stands in:
#
#   spack repo add slurm/spack
#   spack dev-build dsep@0.1.0                    # without continuous structure learning: dsep@0.1.0~petsc
#   spack load dsep
#
# A site with a Slurm of its own builds Open MPI against it: openmpi schedulers=slurm.
#
# Run: its syntax was parsed by Python; and tests/cli/packaging.sh reads its dependencies, which are those of
# .ci/deps.sh. Not run: spack itself.

from spack.package import *


class Dsep(MakefilePackage):
    """Causal discovery and linear causal representation at cluster scale: one MPI program for
    laptops and Slurm clusters, with the same result on any number of ranks."""

    license("Apache-2.0")

    version("0.1.0")

    variant("petsc", default=True, description="Continuous structure learning (dagma, notears)")

    depends_on("c", type="build")
    depends_on("gmake", type="build")
    depends_on("pkgconf", type="build")
    depends_on("random123", type="build")
    depends_on("perl", type="test")
    depends_on("openmpi")
    depends_on("hdf5+mpi")
    depends_on("netlib-scalapack")
    depends_on("openblas threads=none")
    depends_on("gsl")
    depends_on("jansson")
    depends_on("xxhash")
    depends_on("zlib-api")
    depends_on("petsc~complex", when="+petsc")

    def settings(self):
        return [
            "MPICC=" + self.spec["openmpi"].prefix.bin.mpicc,
            "MPIRUN=" + self.spec["openmpi"].prefix.bin.mpirun,
            "RANDOM123_DIR=" + self.spec["random123"].prefix,
            "PREFIX=" + self.prefix,
            "PETSC=" + ("yes" if self.spec.satisfies("+petsc") else "no"),
        ]

    def build(self, spec, prefix):
        make("build", *self.settings())

    def check(self):
        make("check", *self.settings())

    def install(self, spec, prefix):
        make("install", *self.settings())

    def setup_run_environment(self, env):
        env.set("OMP_NUM_THREADS", "1")
        env.set("OPENBLAS_NUM_THREADS", "1")
        env.set("OMPI_MCA_osc", "^ucx")
        env.set("PMIX_MCA_gds", "hash")
