/* app/diff.h: --diff A B: how the pictures of two jobs differ, filter by filter. */
#ifndef CVZ_APP_DIFF_H
#define CVZ_APP_DIFF_H

#include <stdio.h>

#include "base/log.h"
#include "job/options.h"

/** Prints a line for each filter that both have, the most different first: layer, filter, distance (root mean square of
 *  the pictures' difference, 0 to 1), and the last losses of both; with --out also makes an atlas of pairs.
 *  @return CVZ_E_USAGE if they cannot be compared */
cvz_status cvz_diff(FILE *stream, const cvz_options *options, const cvz_log *log, cvz_error *error);

#endif
