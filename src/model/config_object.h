/* model/config_object.h: what a layer or model of a Keras configuration, {"class_name", "config", ...}, says of itself.
 * Inside model/ only. Anything may be asked: what is not there is NULL or false. */
#ifndef CVZ_MODEL_CONFIG_OBJECT_H
#define CVZ_MODEL_CONFIG_OBJECT_H

#include <jansson.h>
#include <stdbool.h>

#define CVZ_OBJECT_DEPTH_MAX 16 /**< models inside models */

/** Its "config". */
const json_t *cvz_object_options(const json_t *object);

/** The list of layers of a model. */
const json_t *cvz_object_layers(const json_t *object);

/** "Custom>Name" is a registered name; its package says nothing here. */
const char *cvz_object_class(const json_t *object);

const char *cvz_object_name(const json_t *object);

bool cvz_object_is_sequential(const json_t *object);

/** By the options and not by the class: a registered subclass of a Functional model is one too. */
bool cvz_object_is_model(const json_t *object);

/** Keras 3 saves the functions of keras.ops as nodes beside the layers. An HDF5 file does not tell the module; there
 *  they lack what every layer has. */
bool cvz_object_is_operation(const json_t *object);

/** The input shape that a Sequential without an input layer tells in some other place. */
const json_t *cvz_object_input_shape(const json_t *model);

#endif
