/* bench/arguments.h: the command line of convviz-bench. */
#ifndef CVZ_BENCH_ARGUMENTS_H
#define CVZ_BENCH_ARGUMENTS_H

#include <stdio.h>

#include "job/options.h"

#define CVZ_BENCH_NUMBERS    16
#define CVZ_BENCH_ANY_FILTER (-1)

/** Texts are owned. */
typedef struct cvz_bench_options {
  char *arch, *model, *weights, *layer, *recipe, *isa, *gemm, *precision;
  int filter; /**< CVZ_BENCH_ANY_FILTER: the first that has a gradient */
  cvz_size size;
  double seconds;
  int repeats;
  int slow; /**< scaling: every slow-th rank has half the speed; 0: none */
  double start;
  bool profile, json, help, version;
  int numbers[CVZ_BENCH_NUMBERS]; /**< what stands without a name */
  int number_count;
} cvz_bench_options;

/** What the program can do. */
typedef struct cvz_bench_command {
  const char *name;
  const char *arguments; /**< placeholders of its numbers, "" if it takes none */
  int most_numbers;
  cvz_status (*run)(const cvz_bench_options *options, FILE *out, cvz_error *error);
  const char *help;
} cvz_bench_command;

/** The commands, ended by one without a name. */
extern const cvz_bench_command cvz_bench_commands[];

/** Reads `argv` from place 1 on.
 *  @param[out] options  to be freed after a failure, too
 *  @param[out] command  NULL if --help or --version is asked for
 *  @return CVZ_E_USAGE for what the command does not take */
cvz_status cvz_bench_arguments(cvz_bench_options *options, const cvz_bench_command **command, int argc,
                               char *const *argv, cvz_error *error);

void cvz_bench_options_free(cvz_bench_options *options);

void cvz_bench_help(FILE *stream);

#endif
