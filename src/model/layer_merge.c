/* Layers with several inputs. */
#include "model/layer.h"
#include "model/option.h"

static cvz_status require_constant(const cvz_reading *r, cvz_error *error)
{
  CVZ_REQUIRE(r->input_count == 1 && r->call->constants == 1, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%s): %d tensors and %d numbers, expected tensors, or one tensor and one number",
              r->layer->path, r->layer->class_name, r->input_count, r->call->constants);
  return CVZ_OK;
}

static int highest_rank(const cvz_reading *r)
{
  int rank = 0;
  for (int i = 0; i < r->input_count; i++)
    if (r->ranks[i] > rank) rank = r->ranks[i];
  return rank;
}

/* x + y as Python writes it may have a number in the place of a tensor. */
cvz_status cvz_layer_read_add(cvz_reading *r, cvz_error *error)
{
  float one = 1, number = (float)r->call->constant;
  r->rank = highest_rank(r);
  if (!r->call->constants) return r->input_count > 1 ? cvz_layer_add_join(r, CVZ_OP_ADD, error) : CVZ_OK;
  CVZ_TRY(require_constant(r, error));
  return cvz_layer_add_constants(r, &one, 1, &number, 1, error);
}

cvz_status cvz_layer_read_multiply(cvz_reading *r, cvz_error *error)
{
  float zero = 0, number = (float)r->call->constant;
  r->rank = highest_rank(r);
  if (!r->call->constants) return r->input_count > 1 ? cvz_layer_add_join(r, CVZ_OP_MULTIPLY, error) : CVZ_OK;
  CVZ_TRY(require_constant(r, error));
  return cvz_layer_add_constants(r, &number, 1, &zero, 1, error);
}

cvz_status cvz_layer_read_concatenate(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_require_last_axis(r, error));
  return r->input_count > 1 ? cvz_layer_add_join(r, CVZ_OP_CONCAT, error) : CVZ_OK;
}

/* InceptionResNetV2's own layer: inputs[0] + inputs[1] * scale. */
cvz_status cvz_layer_read_custom_scale(cvz_reading *r, cvz_error *error)
{
  float scale = 1, zero = 0;
  CVZ_TRY(cvz_option_float(r->layer, "scale", &scale, error));
  CVZ_REQUIRE(r->input_count == 2, error, CVZ_E_FORMAT, "layer '%.200s' (%s): %d tensors, expected 2", r->layer->path,
              r->layer->class_name, r->input_count);
  r->node = r->inputs[1];
  CVZ_TRY(cvz_layer_add_constants(r, &scale, 1, &zero, 1, error));
  int both[2] = {r->inputs[0], r->node};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ADD, .inputs = both, .input_count = 2}, error);
}
