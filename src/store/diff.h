/* store/diff.h: the filters that two jobs have both rendered, side by side. */
#ifndef CVZ_STORE_DIFF_H
#define CVZ_STORE_DIFF_H

#include "store/manifest.h"
#include "store/results.h"

/** One filter of both. */
typedef struct cvz_diff_entry {
  int layer; /**< place in A */
  int filter;
  float distance;     /**< root mean square of the difference of the pictures, 0 to 1 */
  float loss[2];      /**< the last of A and of B, NaN if there is none */
  const char *status; /**< "ok", or how one of them ended */
} cvz_diff_entry;

/** Zero-initialise. */
typedef struct cvz_diff_list {
  const char *directories[2]; /**< A and B, borrowed */
  cvz_results results[2];
  cvz_diff_entry *entries;
  int count;
  size_t room;
  cvz_output_layer *layers; /**< (layers of A): of the atlas of pairs; count 0: not in both */
} cvz_diff_list;

/** Opens the results of two jobs, whose names are borrowed.
 *  @return CVZ_E_USAGE if one has none */
cvz_status cvz_diff_open(cvz_diff_list *list, const char *a, const char *b, cvz_error *error);

/** Reads and compares all of two jobs that are open. With `out` the pairs of each layer are written as a layer of an
 * atlas there, whose folders must exist; its files have no .h5. */
cvz_status cvz_diff_make(cvz_diff_list *list, const char *out, cvz_error *error);

/** Sorts the entries, the most different first. */
void cvz_diff_sort(cvz_diff_list *list);

void cvz_diff_free(cvz_diff_list *list);

#endif
