/* store/export.h: pictures for papers and walls, from a job's results. */
#ifndef CVZ_STORE_EXPORT_H
#define CVZ_STORE_EXPORT_H

#include <stdbool.h>

#include "store/results.h"

/** Writes OUT/STEM.png: all tiles of a layer on white, each with its filter's number and activation below, under a line
 *  that names network and layer. With `tiles` also OUT/STEM/FILTER.png, each tile as it is. */
cvz_status cvz_export_layer(const char *directory, const cvz_results_layer *layer, const char *network, bool tiles,
                            const char *out, cvz_error *error);

/** Writes OUT/contact+sheet.png: the best pictures of every layer, from the strips of the atlas. */
cvz_status cvz_export_contact(const char *directory, const cvz_results *results, const char *out, cvz_error *error);

#endif
