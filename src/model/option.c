#include "model/option.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FLOATS_MAX CVZ_DIMENSION_MAX

const json_t *cvz_option(const cvz_config_layer *layer, const char *key)
{
  const json_t *value = json_object_get(layer->options, key);
  return json_is_null(value) ? NULL : value;
}

cvz_status cvz_option_fail(const cvz_config_layer *layer, const char *key, cvz_status status, const char *expected,
                           cvz_error *error)
{
  const json_t *value = json_object_get(layer->options, key);
  char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
  cvz_fail(error, status, "layer '%.200s' (%.100s): %s is %.200s, expected %s", layer->path, layer->class_name, key,
           text ? text : "absent", expected);
  free(text);
  return status;
}

cvz_status cvz_option_bool(const cvz_config_layer *layer, const char *key, bool *value, cvz_error *error)
{
  const json_t *option = cvz_option(layer, key);
  if (!option) return CVZ_OK;
  if (!json_is_boolean(option)) return cvz_option_fail(layer, key, CVZ_E_FORMAT, "true or false", error);
  *value = json_is_true(option);
  return CVZ_OK;
}

/* True if `value` is a whole number in [low, CVZ_DIMENSION_MAX]; 3.0 is one. */
static bool whole(const json_t *value, int low, int *number)
{
  const double n = json_number_value(value);
  if (!json_is_number(value) || !(n >= low && n <= CVZ_DIMENSION_MAX) || n != floor(n)) return false;
  *number = (int)n;
  return true;
}

static cvz_status fail_range(const cvz_config_layer *layer, const char *key, const char *what, int low,
                             cvz_error *error)
{
  char expected[96];
  snprintf(expected, sizeof expected, "%s from %d to %d", what, low, CVZ_DIMENSION_MAX);
  return cvz_option_fail(layer, key, CVZ_E_FORMAT, expected, error);
}

cvz_status cvz_option_int(const cvz_config_layer *layer, const char *key, int low, int *value, cvz_error *error)
{
  const json_t *option = cvz_option(layer, key);
  if (!option || whole(option, low, value)) return CVZ_OK;
  return fail_range(layer, key, "a whole number", low, error);
}

cvz_status cvz_option_pair(const cvz_config_layer *layer, const char *key, int low, int value[2], cvz_error *error)
{
  const json_t *option = cvz_option(layer, key);
  if (!option) return CVZ_OK;
  if (whole(option, low, &value[0])) {
    value[1] = value[0];
    return CVZ_OK;
  }
  const bool two = json_array_size(option) == 2 && whole(json_array_get(option, 0), low, &value[0]) &&
                   whole(json_array_get(option, 1), low, &value[1]);
  return two ? CVZ_OK : fail_range(layer, key, "one or two whole numbers", low, error);
}

/* Keras writes NumPy values as {"class_name": "__numpy__", "config": {"value": ...}} or {"type", "value"}. */
static const json_t *unwrapped(const json_t *value)
{
  const json_t *config = json_object_get(value, "config");
  const json_t *inner = json_object_get(config ? config : value, "value");
  return inner ? inner : value;
}

/* Appends all numbers in `value`; false if there is something else. */
static bool flatten(const json_t *value, float *values, int *count)
{
  if (json_is_number(value)) {
    if (*count >= FLOATS_MAX) return false;
    if (values) values[*count] = (float)json_number_value(value);
    ++*count;
    return true;
  }
  for (size_t i = 0; i < json_array_size(value); i++)
    if (!flatten(json_array_get(value, i), values, count)) return false;
  return json_is_array(value);
}

cvz_status cvz_option_floats(const cvz_config_layer *layer, const char *key, float **values, int *count,
                             cvz_error *error)
{
  const json_t *option = unwrapped(cvz_option(layer, key));
  *values = NULL;
  *count = 0;
  if (!option) return CVZ_OK;
  if (!flatten(option, NULL, count) || *count < 1)
    return cvz_option_fail(layer, key, CVZ_E_FORMAT, "a number or a list of numbers", error);
  *values = cvz_array((size_t)*count, sizeof(float), error);
  if (!*values) return CVZ_E_MEMORY;
  *count = 0;
  flatten(option, *values, count);
  return CVZ_OK;
}

cvz_status cvz_option_float(const cvz_config_layer *layer, const char *key, float *value, cvz_error *error)
{
  const json_t *option = unwrapped(cvz_option(layer, key));
  int count = 0;
  if (!option || (flatten(option, NULL, &count) && count == 1)) {
    count = 0;
    if (option) flatten(option, value, &count);
    return CVZ_OK;
  }
  return cvz_option_fail(layer, key, CVZ_E_FORMAT, "a number", error);
}

cvz_status cvz_option_text(const cvz_config_layer *layer, const char *key, const char **value, cvz_error *error)
{
  const json_t *option = cvz_option(layer, key);
  if (!option) return CVZ_OK;
  if (!json_is_string(option)) return cvz_option_fail(layer, key, CVZ_E_FORMAT, "a text", error);
  *value = json_string_value(option);
  return CVZ_OK;
}

bool cvz_option_is_list(const cvz_config_layer *layer, const char *key)
{
  int count = 0;
  const json_t *option = unwrapped(cvz_option(layer, key));
  return option && flatten(option, NULL, &count) && count > 1;
}
