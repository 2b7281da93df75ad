# Times pcalg's skeleton search on a CSV table (also .gz): Rscript pcalg.R TABLE ALPHA CORES
# Prints `key value` lines as tests/bench/measure.sh describes them.
suppressPackageStartupMessages(library(pcalg))
args <- commandArgs(trailingOnly = TRUE)
elapsed <- function(expr) unname(system.time(expr)["elapsed"])

reading <- elapsed({
  first <- strsplit(readLines(args[1], n = 1), ",")[[1]]
  named <- any(is.na(suppressWarnings(as.numeric(first))))
  x <- matrix(scan(args[1], sep = ",", skip = as.integer(named), quiet = TRUE), ncol = length(first), byrow = TRUE)
})
correlation <- elapsed(C <- cor(x))
skeleton_time <- elapsed(
  fit <- skeleton(list(C = C, n = nrow(x)), indepTest = gaussCItest, alpha = as.numeric(args[2]),
                  p = ncol(x), method = "stable.fast", numCores = as.integer(args[3])))

orders <- fit@n.edgetests
memory <- sub("[^0-9]*([0-9]+).*", "\\1", grep("^VmHWM", readLines("/proc/self/status"), value = TRUE))
cat(sprintf("p %d\nn %d\nedges %d\n", ncol(x), nrow(x), as.integer(graph::numEdges(fit@graph))))
cat(sprintf("order%d %.0f\n", seq_along(orders) - 1L, orders), sep = "")
cat(sprintf("tests %.0f\n", sum(orders)))
cat(sprintf("reading %.3f\ncorrelation %.3f\nskeleton %.3f\ntotal %.3f\nmemory %s\n",
            reading, correlation, skeleton_time, reading + correlation + skeleton_time, memory))
