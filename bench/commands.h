/* bench/commands.h: what convviz-bench can do. Each prints its findings on `out`. */
#ifndef CVZ_BENCH_COMMANDS_H
#define CVZ_BENCH_COMMANDS_H

#include "bench/arguments.h"

/** One step of gradient ascent of a network: its time, its work and their ratio to what the core could do. */
cvz_status cvz_bench_step(const cvz_bench_options *options, FILE *out, cvz_error *error);

/** How a job's units spread over numbers of ranks: the schedule that convviz-mpi makes, and how long it takes if a unit
 *  of each layer takes what was measured here. */
cvz_status cvz_bench_scaling(const cvz_bench_options *options, FILE *out, cvz_error *error);

/** The rate of every GEMM backend at the shapes of ResNet50V2, or at the one that the numbers M N K tell. */
cvz_status cvz_bench_gemm(const cvz_bench_options *options, FILE *out, cvz_error *error);

/** The rate of every kernel of the table at a typical shape. */
cvz_status cvz_bench_kernels(const cvz_bench_options *options, FILE *out, cvz_error *error);

#endif
