/* job/work.h: what to render: layers with their filters. A unit is one filter of one layer. */
#ifndef CVZ_JOB_WORK_H
#define CVZ_JOB_WORK_H

#include "graph/graph.h"
#include "job/options.h"

typedef struct cvz_work_layer {
  char *name;      /**< in the results: the layer's, or the objective's text */
  char *objective; /**< its text, as one would write it */
  bool placed;     /**< the objective names its own layers; else that of --layer is `layer` */
  bool by_filter;  /**< --filters says which units there are */
  int layer;       /**< index in graph->layers; of several the first */
  int node;        /**< whose output is the target: the layer's, or before a softmax or sigmoid that ends a vector */
  bool observes;   /**< the target is a node that looks at maps; else one channel of a map */
  struct cvz_work_term *terms; /**< what its units raise, see job/work_objective.h */
  int term_count;
  int numbers;  /**< filters that a unit can be of */
  int number;   /**< of the first term, -1: the filter */
  int pictures; /**< of a row from one objective to another, which are its units; 0: none */
  int *filters; /**< ascending */
  int filter_count;
  int channels;    /**< of the layer */
  char *stem;      /**< file name without extension */
  cvz_shape shape; /**< of the target's map; of several of the first */
  double flops;    /**< what one step of one unit costs: by its regions, later by its plan, see job/cost.h */
  double direct;   /**< FLOPs of that step by direct counting over whole maps; 0 until it is planned */
  int first_unit;  /**< unit first_unit + i renders filters[i] */
} cvz_work_layer;

/** Files that objectives may need; each may be NULL. */
typedef struct cvz_work_files {
  const struct cvz_labels *labels;
  const struct cvz_directions *directions;
} cvz_work_files;

/** The layers in the order in which they were asked for; the same on all ranks. */
typedef struct cvz_work {
  int height, width; /**< of the image */
  cvz_work_layer *layers;
  int layer_count;
  int unit_count;
  int skipped;     /**< layers of patterns and keywords that cannot be rendered */
  char *skip_name; /**< the first of them, and why; NULL if none */
  char *skip_reason;
} cvz_work;

/** Decides what to render: for each row of the objective, and each layer that is asked for if it stands for all of
 * them. Options must have passed cvz_options_check, and the recipe must be applied. A layer named exactly must be one
 * that can be rendered and must have the filters asked for; of patterns and keywords, vectors that are not meant (see
 * job/select.h) are left out silently, others that do not fit are counted in `skipped`. Layers whose units read several
 * maps want cvz_work_observe before they are planned.
 *
 *  @param files  NULL: none
 *  @param[out] work  free with cvz_work_free; empty on failure
 *  @return CVZ_E_UNSUPPORTED for a named layer with a `problem`; CVZ_E_USAGE for names and filters that the model does
 *          not have, or if nothing is left; what cvz_graph_shapes says of a named layer
 */
cvz_status cvz_work_create(cvz_work *work, const cvz_graph *graph, const cvz_options *options,
                           const cvz_work_files *files, cvz_error *error);

/** Frees what one layer owns. */
void cvz_work_layer_free(cvz_work_layer *layer);

/** Whether a layer can be rendered. @return CVZ_E_UNSUPPORTED or CVZ_E_USAGE, and why */
cvz_status cvz_work_check_layer(const cvz_graph *graph, const cvz_layer *layer, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_work_free(cvz_work *work);

/** The index in work->layers of the layer to which a unit belongs; unit in [0, unit_count). */
int cvz_work_layer_of(const cvz_work *work, int unit);

#endif
