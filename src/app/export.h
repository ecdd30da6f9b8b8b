/* app/export.h: --export DIR: pictures for papers and walls. */
#ifndef CVZ_APP_EXPORT_H
#define CVZ_APP_EXPORT_H

#include "base/log.h"
#include "job/options.h"

/** From the results in the directory, into --out or else its folder export/: a labelled sheet of each layer, a contact
 *  sheet of the network, and with --tiles every tile.
 *  @return CVZ_E_USAGE if there are no results */
cvz_status cvz_export(const cvz_options *options, const cvz_log *log, cvz_error *error);

#endif
