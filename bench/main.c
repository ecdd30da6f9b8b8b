/* bench/main.c: convviz-bench. */
#include <stdio.h>

#include "bench/arguments.h"
#include "bench/commands.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

const cvz_bench_command cvz_bench_commands[] = {
    {"step", "", 0, cvz_bench_step, "one step of gradient ascent of a network"},
    {"scaling", "[RANKS]...", CVZ_BENCH_NUMBERS, cvz_bench_scaling,
     "a job's schedule for numbers of ranks, played with the measured time of each layer's units"},
    {"gemm", "[M N K]", 3, cvz_bench_gemm, "matrix products, at the shapes of ResNet50V2 or one of your own"},
    {"kernels", "", 0, cvz_bench_kernels, "every inner loop at a typical shape"},
    {NULL, NULL, 0, NULL, NULL},
};

static cvz_status run(const cvz_bench_options *options, const cvz_bench_command *command, cvz_error *error)
{
  if (command) return command->run(options, stdout, error);
  if (options->help)
    cvz_bench_help(stdout);
  else
    printf("convviz-bench %s\n", CONVVIZ_VERSION);
  return CVZ_OK;
}

int main(int argc, char **argv)
{
  cvz_bench_options options;
  const cvz_bench_command *command;
  cvz_error error = {0};
  cvz_status status = cvz_bench_arguments(&options, &command, argc, argv, &error);
  if (status == CVZ_OK) status = run(&options, command, &error);
  if (status == CVZ_OK && (fflush(stdout) || ferror(stdout)))
    status = cvz_fail(&error, CVZ_E_IO, "standard output: cannot be written");
  if (status != CVZ_OK) fprintf(stderr, "convviz-bench: %s\n", error.text);
  cvz_bench_options_free(&options);
  return status == CVZ_OK ? EXIT_DONE : status == CVZ_E_USAGE ? EXIT_USAGE : EXIT_FAILED;
}
