#include "model/config_reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/config_object.h"

static bool is_reference(const json_t *value)
{
  return json_is_string(json_array_get(value, 0)) && json_is_integer(json_array_get(value, 1)) &&
         json_is_number(json_array_get(value, 2));
}

static void add_constant(cvz_references *found, const json_t *value)
{
  found->constants++;
  found->constant = json_number_value(value);
  found->constant_first = found->constant_first || found->count == 0;
}

/* ["layer", 0, 0, {"y": ...}]: Keras 2 has the second operand of a TensorFlow function among the named arguments. */
static cvz_status add_operand(cvz_references *found, const json_t *list, cvz_error *error)
{
  const json_t *operand = json_object_get(json_array_get(list, 3), "y");
  return json_is_number(operand) || json_is_array(operand) ? cvz_references_collect(found, operand, error) : CVZ_OK;
}

static cvz_status add_reference(cvz_references *found, const json_t *list, bool counted, cvz_error *error)
{
  const char *layer = json_string_value(json_array_get(list, 0));
  if (!strcmp(layer, "_CONSTANT_VALUE")) {
    add_constant(found, json_array_get(list, 2));
    return add_operand(found, list, error);
  }
  CVZ_TRY(cvz_grow((void **)&found->items, &found->capacity, (size_t)found->count, sizeof *found->items, error));
  found->items[found->count++] = (cvz_reference){layer, json_integer_value(json_array_get(list, 1)),
                                                 json_integer_value(json_array_get(list, 2)), counted};
  return counted ? add_operand(found, list, error) : CVZ_OK;
}

cvz_status cvz_references_collect(cvz_references *found, const json_t *value, cvz_error *error)
{
  if (json_is_number(value)) {
    add_constant(found, value);
  } else if (is_reference(value)) {
    return add_reference(found, value, true, error);
  } else if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++)
      CVZ_TRY(cvz_references_collect(found, json_array_get(value, i), error));
  } else if (json_is_object(value)) {
    const char *name = cvz_object_class(value);
    const json_t *history = json_object_get(cvz_object_options(value), "keras_history");
    if (name && !strcmp(name, "__keras_tensor__") && is_reference(history))
      return add_reference(found, history, false, error);
    if (name) {
      found->odd = true;
      return CVZ_OK;
    }
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)value, key, item) CVZ_TRY(cvz_references_collect(found, item, error));
  }
  return CVZ_OK;
}

cvz_status cvz_references_of_call(cvz_references *found, const json_t *node, cvz_error *error)
{
  const json_t *arguments = json_object_get(node, "args");
  if (!arguments) return cvz_references_collect(found, node, error);
  CVZ_TRY(cvz_references_collect(found, arguments, error));
  cvz_references named = {0};
  cvz_status status = cvz_references_collect(&named, json_object_get(node, "kwargs"), error);
  for (int i = 0; status == CVZ_OK && i < named.count; i++) {
    status = cvz_grow((void **)&found->items, &found->capacity, (size_t)found->count, sizeof *found->items, error);
    if (status == CVZ_OK) found->items[found->count++] = named.items[i];
  }
  free(named.items);
  return status;
}
