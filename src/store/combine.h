/* store/combine.h: several finished jobs of one model as one: the layers of the first, with the pictures that the
 * others have of the same filters as variants. */
#ifndef CVZ_STORE_COMBINE_H
#define CVZ_STORE_COMBINE_H

#include "store/manifest.h"

typedef struct cvz_combine cvz_combine;

/** Looks at the jobs. Each but the first becomes a variant that is named after its directory.
 *  @return CVZ_E_USAGE if there are fewer than two, if one has not ended or is of another model, if two have one name
 *          or if no layer of one is in the first */
cvz_status cvz_combine_open(cvz_combine **combine, const char *const *directories, int count, cvz_error *error);

/** Harmless on NULL. */
void cvz_combine_close(cvz_combine *combine);

/** Number of layers, those of the first job. */
int cvz_combine_layers(const cvz_combine *combine);

/** Writes one layer's files to OUT. */
cvz_status cvz_combine_layer(cvz_combine *combine, int index, const char *out, cvz_error *error);

/** What there is when all layers are written; lent by `combine`. */
void cvz_combine_manifest(const cvz_combine *combine, cvz_manifest *manifest);

#endif
