/* app/combine.h: --combine. */
#ifndef CVZ_APP_COMBINE_H
#define CVZ_APP_COMBINE_H

#include "base/log.h"
#include "job/options.h"

/** Puts the finished jobs of options->combine into one atlas in options->out. */
cvz_status cvz_combine_jobs(const cvz_options *options, const cvz_log *log, cvz_error *error);

#endif
