/* model/option.h: the options of a Keras layer, with their types checked. Inside model/ only.
 *
 * Each leaves its result as it is if the option is absent or null, so that the caller sets the default first. All
 * return CVZ_E_FORMAT for a value of the wrong type or out of range, naming the layer, the value and what is expected.
 */
#ifndef CVZ_MODEL_OPTION_H
#define CVZ_MODEL_OPTION_H

#include "model/config.h"

/** The option if it is there and not null, else NULL. */
const json_t *cvz_option(const cvz_config_layer *layer, const char *key);

cvz_status cvz_option_bool(const cvz_config_layer *layer, const char *key, bool *value, cvz_error *error);

/** A whole number in [low, CVZ_DIMENSION_MAX]. */
cvz_status cvz_option_int(const cvz_config_layer *layer, const char *key, int low, int *value, cvz_error *error);

/** One whole number for both directions, or two: vertical, horizontal. In [low, CVZ_DIMENSION_MAX]. */
cvz_status cvz_option_pair(const cvz_config_layer *layer, const char *key, int low, int value[2], cvz_error *error);

/** A number, or an array of one. */
cvz_status cvz_option_float(const cvz_config_layer *layer, const char *key, float *value, cvz_error *error);

/** A number or an array of numbers, nested in any way: a new array to free, NULL and 0 if absent. */
cvz_status cvz_option_floats(const cvz_config_layer *layer, const char *key, float **values, int *count,
                             cvz_error *error);

cvz_status cvz_option_text(const cvz_config_layer *layer, const char *key, const char **value, cvz_error *error);

/** True if the option has several numbers. */
bool cvz_option_is_list(const cvz_config_layer *layer, const char *key);

/** The error of an option: "layer 'x' (Conv2D): key is VALUE, expected ...". */
cvz_status cvz_option_fail(const cvz_config_layer *layer, const char *key, cvz_status status, const char *expected,
                           cvz_error *error);

#endif
