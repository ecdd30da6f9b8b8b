#include "model/config_object.h"

#include <string.h>

const json_t *cvz_object_options(const json_t *object)
{
  return json_object_get(object, "config");
}

const json_t *cvz_object_layers(const json_t *object)
{
  const json_t *options = cvz_object_options(object);
  return json_is_array(options) ? options : json_object_get(options, "layers");
}

const char *cvz_object_class(const json_t *object)
{
  const char *name = json_string_value(json_object_get(object, "class_name"));
  const char *package = name ? strrchr(name, '>') : NULL;
  return package ? package + 1 : name;
}

const char *cvz_object_name(const json_t *object)
{
  const char *name = json_string_value(json_object_get(object, "name"));
  return name ? name : json_string_value(json_object_get(cvz_object_options(object), "name"));
}

bool cvz_object_is_sequential(const json_t *object)
{
  const char *name = cvz_object_class(object);
  return (name && !strcmp(name, "Sequential")) || !json_object_get(cvz_object_options(object), "output_layers");
}

bool cvz_object_is_model(const json_t *object)
{
  const char *name = cvz_object_class(object);
  if (!json_is_array(cvz_object_layers(object)) || !name) return false;
  return !strcmp(name, "Sequential") || json_object_get(cvz_object_options(object), "output_layers");
}

bool cvz_object_is_operation(const json_t *object)
{
  const char *module = json_string_value(json_object_get(object, "module"));
  if (module) return !strncmp(module, "keras.src.ops", 13);
  const json_t *options = cvz_object_options(object),
               *call = json_array_get(json_object_get(object, "inbound_nodes"), 0);
  return json_object_get(call, "args") && !json_object_get(options, "dtype") && !json_object_get(options, "trainable");
}

static const json_t *input_shape(const json_t *model, int depth)
{
  const json_t *first = json_array_get(cvz_object_layers(model), 0), *options = cvz_object_options(first);
  const json_t *shape = json_object_get(options, "batch_input_shape");
  if (!shape) shape = json_object_get(options, "batch_shape");
  if (!shape) shape = json_object_get(cvz_object_options(model), "build_input_shape");
  if (!shape) shape = json_object_get(json_object_get(first, "build_config"), "input_shape");
  return !shape && depth < CVZ_OBJECT_DEPTH_MAX && cvz_object_is_model(first) ? input_shape(first, depth + 1) : shape;
}

const json_t *cvz_object_input_shape(const json_t *model)
{
  return input_shape(model, 0);
}
