/* model/config_reference.h: tensors as a Keras configuration names them. Inside model/ only. */
#ifndef CVZ_MODEL_CONFIG_REFERENCE_H
#define CVZ_MODEL_CONFIG_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/** An output of a call of a layer. */
typedef struct cvz_reference {
  const char *layer;
  json_int_t node, tensor; /**< which call, and which of its outputs */
  bool counted; /**< a Functional model's own first node counts: so in Keras 2, and in Keras 3's output_layers */
} cvz_reference;

/** Zero-initialise; `items` is to be freed. */
typedef struct cvz_references {
  cvz_reference *items;
  int count;
  size_t capacity;
  int constants; /**< the numbers among them, and the last one */
  double constant;
  bool constant_first; /**< a number stands before the first tensor */
  bool odd;            /**< something is neither a tensor nor a number */
} cvz_references;

/** Appends all tensors in `value`, in order, however they are wrapped: ["layer", 0, 0, {}] in Keras 2,
 *  {"class_name": "__keras_tensor__", "config": {"keras_history": ["layer", 0, 0]}} in Keras 3. */
cvz_status cvz_references_collect(cvz_references *found, const json_t *value, cvz_error *error);

/** The same of one of a layer's inbound_nodes. Numbers among named arguments are options, not operands. */
cvz_status cvz_references_of_call(cvz_references *found, const json_t *node, cvz_error *error);

#endif
