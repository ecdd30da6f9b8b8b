/* store/merge.h: the results of all shards of a job, joined into those of the whole job: the same bytes that one run
 * would have given. */
#ifndef CVZ_STORE_MERGE_H
#define CVZ_STORE_MERGE_H

#include "store/output.h"

typedef struct cvz_merge cvz_merge;

/** Reads the manifests of the parts.
 *  @return CVZ_E_USAGE if a directory has no finished part, a part is missing or there twice, or two are of different
 *          jobs: then with the key that differs */
cvz_status cvz_merge_open(cvz_merge **merge, const char *const *directories, int count, cvz_error *error);

/** Harmless on NULL. */
void cvz_merge_close(cvz_merge *merge);

/** How many layers the whole job has. */
int cvz_merge_layers(const cvz_merge *merge);

/** Joins one layer into OUT/layers/, unit by unit. The first also brings the job's attributes.
 *  @return as cvz_merge_open */
cvz_status cvz_merge_layer(cvz_merge *merge, int index, const char *out, cvz_error *error);

/** What the manifest of the whole job tells, once all layers are joined; lent until the close. */
cvz_status cvz_merge_manifest(cvz_merge *merge, cvz_manifest *manifest, cvz_error *error);

#endif
