/* job/work_objective.h: what the units of a layer of the work raise. */
#ifndef CVZ_JOB_WORK_OBJECTIVE_H
#define CVZ_JOB_WORK_OBJECTIVE_H

#include "ascent/ascent.h"
#include "job/cost.h"
#include "job/directions.h"
#include "job/expression.h"
#include "job/labels.h"
#include "job/work.h"

/** One item of a row, at one layer. */
typedef struct cvz_work_term {
  cvz_term term;     /**< of CVZ_TERM_CHANNEL without the channel, of CVZ_TERM_DIRECTION without the vector */
  int node;          /**< whose map it reads */
  cvz_region region; /**< of that map */
  int channels;      /**< of the map */
  int number;        /**< channel or direction; -1: the unit's filter */
  bool second;       /**< of the objective to which a row of pictures leads */
} cvz_work_term;

/** Where the items of a row without a layer are. */
typedef struct cvz_work_place {
  const cvz_graph *graph;
  const cvz_row *row;
  int layer;      /**< of the graph */
  cvz_cost *cost; /**< has sizes and the border of the maps over which means are taken */
  const cvz_size *size;
  bool probabilities;               /**< a channel of a vector is what is behind its softmax */
  const cvz_labels *labels;         /**< NULL: none */
  const cvz_directions *directions; /**< NULL: none */
} cvz_work_place;

/** Finds nodes, regions and numbers of all items of a row; sets all of `item` but name, filters and what follows from
 *  them. The cost's last shape is that of item->node.
 *  @return CVZ_E_USAGE and others, with the row's text and the column of what is wrong */
cvz_status cvz_work_objective_resolve(cvz_work_layer *item, const cvz_work_place *place, cvz_error *error);

/** Appends a node that observes the maps to each layer of the work that reads more than one channel of one map, and
 *  makes it the layer's target. */
cvz_status cvz_work_observe(cvz_work *work, cvz_graph *graph, cvz_error *error);

/** The objective of a unit.
 *  @param      directions  NULL: none
 *  @param[out] terms       CVZ_TERMS_MAX */
cvz_objective cvz_work_objective(const cvz_work *work, int unit, const cvz_directions *directions, cvz_term *terms);

/** Floats of the Gram matrices of one picture, the most of any unit; 0: no objective has a diversity. */
size_t cvz_work_grams(const cvz_work *work);

/** What names a unit for its random numbers: the first item's layer and number. So the pictures of a row have one
 * start, and channel:L:K that of filter K of --layer L. */
cvz_ascent_unit cvz_work_unit(const cvz_work *work, const cvz_graph *graph, int unit);

#endif
