/* store/results.h: the results of a job that has ended, as its manifest lists them. */
#ifndef CVZ_STORE_RESULTS_H
#define CVZ_STORE_RESULTS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/status.h"
#include "store/manifest.h"

/** Texts are lent by the manifest. */
typedef struct cvz_results_layer {
  const char *name, *class_name, *shape;
  cvz_asked asked;
  char stem[256];
} cvz_results_layer;

typedef struct cvz_results {
  json_t *manifest;
  cvz_results_layer *layers;
  int layer_count;
} cvz_results;

/** Reads DIRECTORY/manifest.json.
 *  @param what  of the command, for messages
 *  @return CVZ_E_USAGE if there is none, CVZ_E_FORMAT if it is not one. To be closed also after a failure */
cvz_status cvz_results_open(cvz_results *results, const char *directory, const char *what, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_results_close(cvz_results *results);

/** The layer of that name, or NULL. */
const cvz_results_layer *cvz_results_find(const cvz_results *results, const char *name);

/** The network as JSON, to be freed; NULL if it is not told. */
char *cvz_results_network(const cvz_results *results);

/** How a layer of a manifest was asked for; texts are lent by it. False if it does not tell. */
bool cvz_results_asked(cvz_asked *asked, const json_t *layer);

/** The stem in a layer of a manifest, whose file is "layers/STEM.h5": in that folder and no other. False if it is not.
 */
bool cvz_results_stem(char stem[256], const json_t *layer);

#endif
