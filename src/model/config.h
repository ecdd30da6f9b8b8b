/* model/config.h: a Keras configuration as calls of layers, nested models opened up. Inside model/ only. */
#ifndef CVZ_MODEL_CONFIG_H
#define CVZ_MODEL_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "graph/graph.h"

#define CVZ_SLOTS 4 /**< most weights of a layer */

#define CVZ_ANY_RANK (-1)

/** A weight that a layer must have. */
typedef struct cvz_slot {
  const char *name;          /**< "kernel" */
  int rank;                  /**< CVZ_ANY_RANK where the options do not tell */
  int dims[CVZ_WEIGHT_RANK]; /**< 0 where the options do not tell */
  bool trainable;
} cvz_slot;

/** A layer object of the configuration; it has its weights once, however often it is called. */
typedef struct cvz_config_layer {
  char *path;             /**< "inner/conv2d" */
  const char *class_name; /**< without the package of a registered name */
  const json_t *options;  /**< its "config" */
  bool trainable;         /**< and so is all around it */
  bool nested;            /**< a model; the layers inside it follow */
  bool operation;         /**< a node of keras.ops, not a layer */
  int model;              /**< the model that it is in; -1 for the whole one */
  int shared;             /**< the first of the entries that are one object, often itself */
  json_int_t object_id;   /**< of such an object; 0 if it is in one place */
  int outermost;          /**< the layer of the whole model that holds it, often itself */
  int slot_count;         /**< the rest is model/weights.c's */
  cvz_slot slots[CVZ_SLOTS];
  int weights[CVZ_SLOTS]; /**< in the graph */
  char *problem;          /**< with its weights; or NULL */
} cvz_config_layer;

/** One call of a layer. Inputs are calls. The call of a nested model has that model's outputs as its inputs. */
typedef struct cvz_config_call {
  int layer;
  char *path; /**< "inner:1/conv2d" for the second call */
  int *inputs;
  int input_count;
  int constants; /**< arguments that are numbers */
  double constant;
  bool constant_first;     /**< the number stands before the first tensor, 2 - x */
  bool odd;                /**< some argument is neither a tensor nor a number */
  const json_t *arguments; /**< as the file has them, NULL of a Sequential */
} cvz_config_call;

/** Zero-initialise. */
typedef struct cvz_config {
  cvz_config_layer *layers;
  int layer_count;
  size_t layer_capacity;
  cvz_config_call *calls; /**< in the file's order */
  int call_count;
  size_t call_capacity;
  int *order;          /**< calls, each after its inputs */
  const char *name;    /**< of the model */
  json_t *owned;       /**< options of inputs that a Sequential does not name */
  bool channels_first; /**< of some layer, and so of the images */
} cvz_config;

/** Reads {"class_name", "config"} in the dialects of Keras 2 and 3. `model` must live as long as `config`.
 *  @return CVZ_E_FORMAT with what and where; CVZ_E_UNSUPPORTED for a model that is not made of layers */
cvz_status cvz_config_read(cvz_config *config, const json_t *model, cvz_error *error);

/** Harmless on a zeroed configuration. */
void cvz_config_free(cvz_config *config);

#endif
