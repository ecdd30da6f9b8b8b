/* model/config_scope.h: one model of a Keras configuration while its layers and calls become those of a cvz_config.
 * Inside model/ only. */
#ifndef CVZ_MODEL_CONFIG_SCOPE_H
#define CVZ_MODEL_CONFIG_SCOPE_H

#include "model/config.h"

/** A call of one layer of a scope; a nested model's inputs are calls inside it. */
typedef struct cvz_placed {
  int call;
  int *inputs;
  int input_count;
} cvz_placed;

/** Set what comes before `sequential`, and zero the rest. */
typedef struct cvz_scope {
  const json_t *object; /**< the model */
  const char *prefix;   /**< of paths, "inner/" */
  bool trainable;
  int model;     /**< the layer that it is; -1 for the whole model */
  int outermost; /**< the same of the outermost model that is a layer */
  int depth;
  int *next; /**< the layer object that comes next; those of a second call exist already */

  bool sequential;
  const json_t *layers;
  json_t *names;      /**< name -> index of the layer */
  int *starts;        /**< index of the layer -> its first entry in `placed` */
  cvz_placed *placed; /**< layer by layer, call by call */
  int placed_count;
  size_t placed_capacity;
  int *inputs, *outputs; /**< calls, when the scope is open */
  int input_count, output_count;
} cvz_scope;

/** Adds all layers and calls of the model s->object, and connects them. Free the scope also after a failure. */
cvz_status cvz_scope_open(cvz_config *config, cvz_scope *s, cvz_error *error);

void cvz_scope_free(cvz_scope *s);

/** The first half of that: adds the layers and calls, those of nested models with their connections. */
cvz_status cvz_scope_place(cvz_config *config, cvz_scope *s, cvz_error *error);

/** The second: gives the calls their inputs, and the scope its own. */
cvz_status cvz_scope_connect(cvz_config *config, cvz_scope *s, cvz_error *error);

/** Replaces a call's inputs by a copy of `inputs`. */
cvz_status cvz_call_set_inputs(cvz_config *config, int call, const int *inputs, int count, cvz_error *error);

/** Fills config->order.  @return CVZ_E_FORMAT where a call depends on itself */
cvz_status cvz_config_sort(cvz_config *config, cvz_error *error);

#endif
