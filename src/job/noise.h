/* job/noise.h: the activation on random images of the filters of one layer, found for many of them together. */
#ifndef CVZ_JOB_NOISE_H
#define CVZ_JOB_NOISE_H

#include "ascent/score.h"
#include "job/share.h"
#include "job/work_objective.h"

/** What is known of the layer that was looked at last. */
typedef struct cvz_layer_noise {
  const cvz_work *work;
  const cvz_graph *graph;
  const cvz_directions *directions;
  int layer;                 /**< index in work->layers, -1 before the first */
  int *wanted;               /**< (count) places in the layer's filters */
  cvz_ascent_unit *units;    /**< (count) theirs */
  cvz_objective *objectives; /**< (count) */
  cvz_term *terms;           /**< (count, terms) */
  int term_count;            /**< most of any layer */
  cvz_noise *found;          /**< (count) theirs */
  cvz_noise *noise;          /**< (filters of the layer) */
  bool *known;               /**< (filters of the layer) */
} cvz_layer_noise;

/** @param work, graph, directions  borrowed until cvz_layer_noise_free
 *  @param[out] noise   free with cvz_layer_noise_free */
cvz_status cvz_layer_noise_create(cvz_layer_noise *noise, const cvz_work *work, const cvz_graph *graph,
                                  const cvz_directions *directions, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_layer_noise_free(cvz_layer_noise *noise);

/** Of a unit's filter. The first time for a layer also of all other filters of it that the share has yet to begin; but
 *  what comes out does not depend on it.
 *  @param run   of the unit's plan; what was in it is lost */
cvz_status cvz_layer_noise_of(cvz_layer_noise *noise, int unit, const cvz_share *share, cvz_run *run,
                              const cvz_ascent_recipe *recipe, cvz_noise *found, cvz_error *error);

#endif
