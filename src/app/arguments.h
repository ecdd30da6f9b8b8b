/* app/arguments.h: the command line and the job file that it names. */
#ifndef CVZ_APP_ARGUMENTS_H
#define CVZ_APP_ARGUMENTS_H

#include "job/options.h"

/** Takes everything the user said: fallbacks, recipe, job file, command line, the later winning. With --help or
 *  --version nothing else is looked at: no file is read, no model needed. Only rank 0 calls this.
 *
 *  @param[out] options  initialised here; to be freed after a failure, too
 */
cvz_status cvz_arguments_read(cvz_options *options, int argc, char *const *argv, cvz_error *error);

#endif
