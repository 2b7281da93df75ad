# dsep: causal discovery and linear causal representation at cluster scale.
#   make            build ./dsep             make demo    install what is missing, build, show it
#   make test       the same, then all tests make help    every target
#
# Elsewhere than on Debian:  make MPICC=/path/mpicc PREFIX=/opt/site HDF5_DIR=... GSL_DIR=...
# Without PETSc (no continuous structure learning):  make PETSC=no
# PREFIX is searched for libraries and is where `make install` puts the program.

VERSION := 0.1.0
PREFIX ?= /usr/local
MPICC ?= mpicc
MPIRUN ?= mpirun
BUILD ?= build
VARIANT ?=
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
SHELL := /bin/bash

# --- libraries: pkg-config names to try in order, then what to link where none answers ---------
export PKG_CONFIG_PATH := $(PREFIX)/lib/pkgconfig:$(PREFIX)/lib64/pkgconfig:$(PKG_CONFIG_PATH)
pick = $(firstword $(foreach name,$(1),$(shell pkg-config --exists $(name) 2>/dev/null && echo $(name))))
# $(call library,DIR,pkg-config names,fallback): flags of one library, a given directory first
cflags_of = $(if $(1),-I$(1)/include,$(if $(call pick,$(2)),$(shell pkg-config --cflags $(call pick,$(2)))))
libs_of = $(if $(1),-L$(1)/lib -Wl$(comma)-rpath$(comma)$(1)/lib $(3),$(if $(call pick,$(2)),$(shell pkg-config --libs $(call pick,$(2))),$(3)))
comma := ,

HDF5_NAMES := hdf5-openmpi hdf5-mpi hdf5
SCALAPACK_NAMES := scalapack-openmpi scalapack
BLAS_NAMES := openblas
PETSC_NAMES := petsc PETSc
PETSC ?= yes
BLAS_LIBS ?= $(call libs_of,$(BLAS_DIR),$(BLAS_NAMES),-lopenblas)

# PETSc's own cflags carry more than directories. Only a program that calls it loads it.
ifneq ($(PETSC),no)
  PETSC_CFLAGS := -DDSEP_PETSC $(if $(PETSC_DIR),$(addsuffix /include,-I$(PETSC_DIR) \
    $(if $(PETSC_ARCH),-I$(PETSC_DIR)/$(PETSC_ARCH))),$(if $(call pick,$(PETSC_NAMES)),$(shell \
    pkg-config --cflags-only-I $(call pick,$(PETSC_NAMES)))))
  PETSC_LIBS := -Wl,--push-state,--as-needed $(call libs_of,$(PETSC_DIR:%=%$(PETSC_ARCH:%=/%)),$(PETSC_NAMES),-lpetsc) \
    -Wl,--pop-state
endif

EXTERNAL_CFLAGS := $(call cflags_of,$(HDF5_DIR),$(HDF5_NAMES)) $(call cflags_of,$(GSL_DIR),gsl) \
  $(call cflags_of,$(JANSSON_DIR),jansson) \
  $(call cflags_of,$(XXHASH_DIR),libxxhash) $(call cflags_of,$(ZLIB_DIR),zlib) \
  $(if $(RANDOM123_DIR),-I$(RANDOM123_DIR)/include) $(PETSC_CFLAGS) -I$(PREFIX)/include
EXTERNAL_LIBS := $(PETSC_LIBS) $(call libs_of,$(SCALAPACK_DIR),$(SCALAPACK_NAMES),-lscalapack) \
  $(BLAS_LIBS) $(call libs_of,$(HDF5_DIR),$(HDF5_NAMES),-lhdf5) \
  $(if $(GSL_DIR),-L$(GSL_DIR)/lib -Wl$(comma)-rpath$(comma)$(GSL_DIR)/lib) -lgsl \
  $(call libs_of,$(JANSSON_DIR),jansson,-ljansson) \
  $(call libs_of,$(XXHASH_DIR),libxxhash,-lxxhash) $(call libs_of,$(ZLIB_DIR),zlib,-lz) -lm

# --- flags: no contraction, so that decisions are the same on every kind of CPU ----------------
CFLAGS ?= -O3 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
  -Wvla-larger-than=65536 -Wno-unused-result
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -ffp-contract=off -fopenmp-simd -fno-math-errno $(WARNINGS) \
  $(EXTERNAL_CFLAGS) -DDSEP_VERSION='"$(VERSION)"' -DDSEP_CFLAGS='"$(CFLAGS)"' \
  -DDSEP_SCALAPACK_VERSION='"$(or $(shell pkg-config --modversion $(or $(call pick,$(SCALAPACK_NAMES)),none) 2>/dev/null),found by path)"'
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

ifeq ($(VARIANT),asan)
  override CFLAGS := $(SANITIZE)
  BUILD := build/asan
endif

# One level of SIMD alone, so that tests can compare them: VARIANT=simd1, simd3 or simd4, after a
# usual build, from which everything that has no level is taken.
USUAL :=
ifneq ($(filter simd1 simd3 simd4,$(VARIANT)),)
  USUAL := $(BUILD:%/$(VARIANT)=%)
  BUILD := $(USUAL)/$(VARIANT)
  BASE_CFLAGS += -DDSEP_SIMD=$(VARIANT:simd%=%)
endif

PROGRAM := $(if $(VARIANT),$(BUILD)/dsep,dsep)
SOURCES := $(sort $(wildcard mpi/*.c io/*.c solvers/*.c slurm/*.c jobs/*.c))
LEVELLED := $(if $(USUAL),$(shell grep -l '"solvers/simd.h"' $(SOURCES)))
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(or $(LEVELLED),$(SOURCES)))
LIBRARY := $(BUILD)/libdsep.a
TESTS := $(sort $(wildcard tests/unit/*.c tests/oracle/*.c tests/invariance/*.c tests/fault/*.c tests/cli/*.c))
TEST_PROGRAMS := $(TESTS:%.c=$(BUILD)/%) $(patsubst %.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
JOBS ?= $(shell nproc)

.PHONY: all build deps demo test test-deps test-asan test-fault test-slurm soak bench bench-large bench-plan bench-replicates \
  bench-continuous bench-represent bench-lingam bench-scaling bench-algebra lint format check-format tidy \
  info help install clean check tests
.DEFAULT_GOAL := all
.SECONDARY:

all: build ## build ./dsep with what is installed
build: $(PROGRAM)
tests: $(PROGRAM) $(TEST_PROGRAMS)

$(PROGRAM): $(or $(USUAL),$(BUILD))/jobs/main.o $(LIBRARY)
	$(MPICC) $(CFLAGS) -o $@ $^ $(EXTERNAL_LIBS) $(LDFLAGS)

$(LIBRARY): $(filter-out $(BUILD)/jobs/main.o,$(OBJECTS)) $(USUAL:%=%/libdsep.a)
	@rm -f $@
	@$(if $(USUAL),cp $(USUAL)/libdsep.a $@)
	@ar rcs $@ $(filter %.o,$^)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(MPICC) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(LIBRARY)
	$(MPICC) $(CFLAGS) -o $@ $< $(SUPPORT) $(LIBRARY) $(EXTERNAL_LIBS) $(LDFLAGS)

# Inner products and entropies may be contracted: their order of summation is fixed in the source,
# and all of them are made in these files.
CONTRACTED := $(BUILD)/solvers/inner_product.o $(BUILD)/solvers/lingam_kernel.o
$(CONTRACTED): BASE_CFLAGS += -ffp-contract=fast -Wno-psabi
$(CONTRACTED): Makefile

# It holds the body of every batch script.
$(BUILD)/slurm/batch.o: slurm/body.sh

# Changed flags rebuild everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(MPICC) $(BASE_CFLAGS) $(CFLAGS)' | cmp -s - $@ || echo '$(MPICC) $(BASE_CFLAGS) $(CFLAGS)' > $@
FORCE:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

deps: ## install what is missing (Debian), or say what to load
	@bash .ci/deps.sh

test-deps:
	@bash .ci/deps.sh test

demo: deps ## set up, build, and run the main job on real and simulated data
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN=$(MPIRUN) bash docs/demo.sh

test: test-deps ## set up, build, and pass every test
	@$(MAKE) -s -j$(JOBS) tests
	@MPIRUN=$(MPIRUN) BUILD=$(BUILD) DSEP=$(CURDIR)/$(PROGRAM) bash tests/run.sh

check: tests ## every test, with what is installed
	@MPIRUN=$(MPIRUN) BUILD=$(BUILD) DSEP=$(CURDIR)/$(PROGRAM) bash tests/run.sh

test-asan: deps ## every test under the address and undefined-behaviour sanitizers
	@LEAKS=1 $(MAKE) -s -j$(JOBS) VARIANT=asan check

test-fault: deps ## every fault point on every rank
	@$(MAKE) -s -j$(JOBS) tests
	@MPIRUN=$(MPIRUN) BUILD=$(BUILD) DSEP=$(CURDIR)/$(PROGRAM) bash tests/run.sh fault

test-slurm: test-deps ## jobs on a private Slurm cluster, as root
	@$(MAKE) -s -j$(JOBS) tests
	@MPIRUN=$(MPIRUN) BUILD=$(BUILD) DSEP=$(CURDIR)/$(PROGRAM) bash tests/run.sh slurm

soak: deps ## kill runs at random moments, SOAK=100 times each, and go on with them
	@$(MAKE) -s -j$(JOBS) tests
	@MPIRUN=$(MPIRUN) BUILD=$(BUILD) DSEP=$(CURDIR)/$(PROGRAM) SOAK=$(or $(SOAK),100) bash tests/fault/resume.sh

bench: deps ## time the main job; never part of a test
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/bench.sh

bench-large: deps ## one run of each large size beside its forecast; LARGE="20000 100000"
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/large.sh

bench-plan: deps ## what dsep plan forecasts beside what runs take; PLANS="p:n:degree:alpha[:R] ..." RANKS="1 2"
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/plan.sh

bench-replicates: deps ## time bootstrap replicates and see their memory; REPLICATES="100 1000" RANKS=2
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/replicates.sh

bench-continuous: deps ## time DAGMA on 1,000 variables; SIZES_P="300 1000" RANKS="1 2"
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/continuous.sh
bench-represent: deps ## time a representation of 2,000 variables with its bootstrap; RANKS=2
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/represent.sh

bench-lingam: deps ## time DirectLiNGAM; SIZES="200:5000" (p:n) RANKS="1 2"
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/lingam.sh

bench-scaling: deps ## measure and draw how time grows: docs/scaling.csv, docs/scaling.svg
	@$(MAKE) -s -j$(JOBS) build
	@MPIRUN="$(MPIRUN)" DSEP=$(CURDIR)/dsep bash tests/bench/scaling.sh

bench-algebra: $(BUILD)/tests/bench/algebra ## time the linear algebra on 1, 2 and 4 ranks; ALGEBRA="4000 4000 5"
	@for ranks in 1 2 4; do echo "== $$ranks ranks"; OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 \
	  $(MPIRUN) --quiet -n $$ranks $< $(ALGEBRA) || exit; done

lint: ## the rules of the house: layers, doc comments, banned calls, shell scripts
	@bash tests/support/lint.sh

FORMATTED = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format: ## lay the sources out
	@$(CLANG_FORMAT) -i $(FORMATTED)
check-format: ## fail where the layout differs
	@$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)
tidy: ## clang-tidy, with its MPI checks
	@$(CLANG_TIDY) --quiet '--checks=-*,mpi-*,bugprone-*,clang-analyzer-optin.mpi.*,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-sizeof-expression,-bugprone-signed-char-misuse,-bugprone-not-null-terminated-result' \
	  $(SOURCES) -- $(BASE_CFLAGS) $$($(MPICC) --showme:compile)

info: ## what was found, and how the program will be built
	@echo "version     $(VERSION)"; echo "compiler    $(MPICC) ($$($(MPICC) --version | head -n 1))"
	@echo "flags       $(CFLAGS)"
	@show() { printf '%-11s %s\n' "$$1" "$${2:-not by pkg-config: taken from the compiler search path}"; }; \
	for names in "HDF5:$(HDF5_DIR):$(HDF5_NAMES)" "ScaLAPACK:$(SCALAPACK_DIR):$(SCALAPACK_NAMES)" \
	  "BLAS:$(BLAS_DIR):$(BLAS_NAMES)" "GSL:$(GSL_DIR):gsl" "jansson:$(JANSSON_DIR):jansson" \
	  "xxhash:$(XXHASH_DIR):libxxhash" "zlib:$(ZLIB_DIR):zlib" \
	  $(if $(filter no,$(PETSC)),,"PETSc:$(PETSC_DIR):$(PETSC_NAMES)"); do \
	  IFS=: read -r what dir list <<< "$$names"; found=$$dir; \
	  [ -n "$$found" ] || for name in $$list; do pkg-config --exists $$name && { \
	    found="$$(pkg-config --modversion $$name) (pkg-config $$name)"; break; }; done; \
	  show "$$what" "$$found"; done$(if $(filter no,$(PETSC)),; show PETSc "left out (PETSC=no)")
	@echo "compile     $(EXTERNAL_CFLAGS)"; echo "link        $(EXTERNAL_LIBS)"; echo "install to  $(DESTDIR)$(PREFIX)"

install: build ## install the program, its manual and its documents under PREFIX
	install -D -m 755 dsep $(DESTDIR)$(PREFIX)/bin/dsep
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dsep README.md LICENSE CHANGELOG.md docs/*.md \
	  $(wildcard docs/*.svg docs/*.csv)

clean: ## remove what was built
	rm -rf build dsep demo

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | \
	  while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done
