#include "model/layer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/option.h"

cvz_status cvz_layer_add(cvz_reading *r, cvz_node node, cvz_error *error)
{
  node.layer = r->place;
  if (!node.inputs && r->node >= 0) {
    node.inputs = &r->node;
    node.input_count = 1;
  }
  const int added = cvz_graph_add_node(r->graph, &node, error);
  if (added < 0) return error->status;
  r->node = added;
  return CVZ_OK;
}

cvz_status cvz_layer_add_join(cvz_reading *r, cvz_node node, cvz_error *error)
{
  int *inputs = cvz_array((size_t)r->input_count, sizeof *inputs, error);
  if (!inputs) return CVZ_E_MEMORY;
  const int axis = r->axes[0];
  cvz_status status = CVZ_OK;
  for (int i = 0; status == CVZ_OK && i < r->input_count; i++) {
    r->node = r->inputs[i], r->rank = r->ranks[i], r->axis = r->axes[i];
    if (r->rank == r->ranks[0]) status = cvz_layer_order(r, axis, error);
    inputs[i] = r->node;
  }
  r->rank = r->ranks[0], r->axis = axis;
  node.inputs = inputs;
  node.input_count = r->input_count;
  if (status == CVZ_OK) status = cvz_layer_add(r, node, error);
  free(inputs);
  return status;
}

static cvz_status read_padding(const cvz_config_layer *layer, cvz_padding *padding, cvz_error *error)
{
  const char *name = "valid";
  CVZ_TRY(cvz_option_text(layer, "padding", &name, error));
  *padding = !strcasecmp(name, "same") ? CVZ_SAME : CVZ_VALID;
  if (*padding == CVZ_SAME || !strcasecmp(name, "valid")) return CVZ_OK;
  return cvz_option_fail(layer, "padding", CVZ_E_UNSUPPORTED, "\"valid\" or \"same\"", error);
}

/* The kernel size must be there; everything else has a default. */
cvz_status cvz_layer_window(const cvz_config_layer *layer, const char *size, cvz_window *window, cvz_error *error)
{
  *window = (cvz_window){{0, 0}, {1, 1}, {1, 1}, CVZ_VALID};
  CVZ_TRY(cvz_option_pair(layer, size, 1, window->kernel, error));
  if (!window->kernel[0]) return cvz_option_fail(layer, size, CVZ_E_FORMAT, "one or two whole numbers", error);
  CVZ_TRY(cvz_option_pair(layer, "strides", 1, window->stride, error));
  CVZ_TRY(cvz_option_pair(layer, "dilation_rate", 1, window->dilation, error));
  return read_padding(layer, &window->padding, error);
}

cvz_status cvz_layer_required(const cvz_config_layer *layer, const char *key, int *value, cvz_error *error)
{
  *value = 0;
  CVZ_TRY(cvz_option_int(layer, key, 1, value, error));
  return *value ? CVZ_OK : cvz_option_fail(layer, key, CVZ_E_FORMAT, "a whole number above 0", error);
}

const cvz_weight *cvz_layer_weight_of(const cvz_reading *r, int slot)
{
  return &r->graph->weights[r->layer->weights[slot]];
}

/* The length of a bias is not always in the options: it follows from the kernel's shape. */
cvz_status cvz_layer_check_length(const cvz_reading *r, int slot, int length, cvz_error *error)
{
  CVZ_REQUIRE(cvz_layer_weight_of(r, slot)->dims[0] == length, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%s): weight %s has %d elements in the file, expected %d", r->layer->path,
              r->layer->class_name, r->layer->slots[slot].name, cvz_layer_weight_of(r, slot)->dims[0], length);
  return CVZ_OK;
}

typedef cvz_status slots_function(cvz_config_layer *layer, cvz_error *error);
typedef cvz_status reader(cvz_reading *reading, cvz_error *error);

static const struct layer_class {
  const char *name;
  slots_function *slots;
  reader *read;
} classes[] = {
#define L(name, slots, reader) {name, cvz_layer_slots_##slots, cvz_layer_read_##reader},
#include "model/layers.def"
#undef L
};

#define CLASSES (sizeof classes / sizeof *classes)

static const struct layer_class *find_class(const char *name)
{
  for (size_t i = 0; i < CLASSES; i++)
    if (!strcmp(name, classes[i].name)) return &classes[i];
  return NULL;
}

cvz_status cvz_layer_slots(cvz_config_layer *layer, bool *known, cvz_error *error)
{
  const struct layer_class *class = find_class(layer->class_name);
  layer->slot_count = 0;
  *known = class || layer->nested;
  return class ? class->slots(layer, error) : CVZ_OK;
}

cvz_status cvz_layer_read_unsupported(cvz_reading *r, cvz_error *error)
{
  const cvz_config_layer *layer = r->layer;
  CVZ_REQUIRE(
      strcmp(layer->class_name, "Lambda") != 0, error, CVZ_E_UNSUPPORTED,
      "layer '%.200s' (Lambda) is Python code, which is not run; save the model with a layer of Keras or a function of "
      "keras.ops in its place, or, of an InceptionResNetV2, give the weights with --weights and --arch "
      "InceptionResNetV2",
      layer->path);
  cvz_text names = {0};
  for (size_t i = 0; i < CLASSES; i++)
    if (classes[i].read != cvz_layer_read_unsupported && classes[i].read != cvz_layer_read_identity)
      cvz_text_add(&names, "%s, ", classes[i].name);
  cvz_fail(error, CVZ_E_UNSUPPORTED,
           "layer '%.200s' is a %.100s, which is not supported; supported are %sDropout and the like", layer->path,
           layer->class_name, names.data ? names.data : "");
  cvz_text_free(&names);
  return CVZ_E_UNSUPPORTED;
}

cvz_status cvz_layer_read(cvz_reading *r, cvz_error *error)
{
  if (r->layer->operation && cvz_layer_knows_operation(r->layer->class_name)) return cvz_layer_read_operation(r, error);
  const struct layer_class *class = find_class(r->layer->class_name);
  if (!class) return cvz_layer_read_unsupported(r, error);
  const bool needs_input = class->read != cvz_layer_read_input && class->read != cvz_layer_read_unsupported;
  CVZ_REQUIRE(!needs_input || r->input_count > 0, error, CVZ_E_UNSUPPORTED, "layer '%.200s' (%s) has no input",
              r->layer->path, r->layer->class_name);
  CVZ_REQUIRE(!needs_input || !r->call->odd, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%s) is called with a constant array", r->layer->path, r->layer->class_name);
  return class->read(r, error);
}
