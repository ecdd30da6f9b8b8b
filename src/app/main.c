/* app/main.c: convviz-mpi. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/arguments.h"
#include "app/build.h"
#include "app/combine.h"
#include "app/diff.h"
#include "app/export.h"
#include "app/help.h"
#include "app/merge.h"
#include "app/run.h"
#include "app/version.h"
#include "job/stop.h"
#include "parallel/agreement.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_STOPPED = 75 };

static int exit_code(cvz_status status)
{
  if (status == CVZ_OK) return EXIT_DONE;
  if (status == CVZ_E_USAGE) return EXIT_USAGE;
  return status == CVZ_E_STOPPED ? EXIT_STOPPED : EXIT_FAILED;
}

/* Rank 0 reads the command line and the job file; the others get what came out. */
static cvz_status share_options(cvz_comm *comm, cvz_options *options, int argc, char **argv, cvz_error *error)
{
  cvz_text text = {0};
  cvz_status status = CVZ_OK;
  const bool root = cvz_comm_rank(comm) == 0;
  if (root) {
    status = cvz_arguments_read(options, argc, argv, error);
    if (status == CVZ_OK) cvz_options_write(options, &text);
  }
  status = cvz_comm_share_text(comm, &text, status, error);
  if (status == CVZ_OK && !root) status = cvz_options_read(options, text.data, error);
  status = cvz_comm_agree(comm, status, error);
  cvz_text_free(&text);
  return status;
}

/* Before anything else is exchanged: another version may have other options and messages. */
static cvz_status same_program(cvz_comm *comm, cvz_error *error)
{
  char name[CVZ_BUILD_LENGTH];
  cvz_build_name(name);
  return cvz_agree_text(comm, "program: convviz-mpi", name, "", error);
}

static cvz_status work(cvz_comm *comm, const cvz_options *options, cvz_error *error)
{
  const bool root = cvz_comm_rank(comm) == 0;
  if (options->help || options->version) {
    if (root && options->help) cvz_help_print(stdout);
    if (root && !options->help) cvz_version_print(stdout);
    return CVZ_OK;
  }
  const cvz_level level = options->quiet ? CVZ_QUIET : options->verbose ? CVZ_VERBOSE : CVZ_NORMAL;
  const cvz_log log = {root ? stderr : NULL, level};
  cvz_stop_after(options->max_time);
  if (options->merge) return cvz_comm_agree(comm, root ? cvz_merge_shards(options, &log, error) : CVZ_OK, error);
  if (options->combine) return cvz_comm_agree(comm, root ? cvz_combine_jobs(options, &log, error) : CVZ_OK, error);
  if (options->export) return cvz_comm_agree(comm, root ? cvz_export(options, &log, error) : CVZ_OK, error);
  if (options->diff) return cvz_comm_agree(comm, root ? cvz_diff(stdout, options, &log, error) : CVZ_OK, error);
  return cvz_run_job(comm, options, &log, error);
}

int main(int argc, char **argv)
{
  cvz_comm *comm = NULL;
  cvz_options options = {0};
  cvz_error error = {0};
  cvz_stop_listen();
  signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error that is told, not a death */
  cvz_status status = cvz_comm_start(&comm, &argc, &argv, &error);
  if (status == CVZ_OK) status = same_program(comm, &error);
  if (status == CVZ_OK) status = share_options(comm, &options, argc, argv, &error);
  if (status == CVZ_OK) status = work(comm, &options, &error);
  if (status != CVZ_OK && (!comm || cvz_comm_rank(comm) == 0)) fprintf(stderr, "convviz-mpi: %s\n", error.text);
  cvz_options_free(&options);
  cvz_comm_end(comm);
  return exit_code(status);
}
