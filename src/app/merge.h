/* app/merge.h: --merge. */
#ifndef CVZ_APP_MERGE_H
#define CVZ_APP_MERGE_H

#include "base/log.h"
#include "job/options.h"

/** Joins the shards in options->merge into options->out, with manifest and page. For one rank. */
cvz_status cvz_merge_shards(const cvz_options *options, const cvz_log *log, cvz_error *error);

#endif
