/* Layers that convolve, and Dense. */
#include "model/layer.h"
#include "model/option.h"

/* As many groups as channels, as in ConvNeXt, are a depthwise convolution, whose kernel has the same numbers. */
static cvz_node of_channels(const cvz_reading *r, cvz_conv conv)
{
  if (conv.groups == 1 || cvz_layer_weight_of(r, 0)->dims[2] > 1) return (cvz_node){.op = CVZ_OP_CONV, .conv = conv};
  conv.filters /= conv.groups;
  conv.groups = 1;
  return (cvz_node){.op = CVZ_OP_DEPTHWISE, .conv = conv};
}

cvz_status cvz_layer_read_conv(cvz_reading *r, cvz_error *error)
{
  cvz_conv conv = {.groups = 1, .bias = CVZ_NO_WEIGHT, .kernel = r->layer->weights[0]};
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_layer_window(r->layer, "kernel_size", &conv.window, error));
  CVZ_TRY(cvz_layer_required(r->layer, "filters", &conv.filters, error));
  CVZ_TRY(cvz_option_int(r->layer, "groups", 1, &conv.groups, error));
  if (conv.filters % conv.groups != 0)
    return cvz_option_fail(r->layer, "groups", CVZ_E_FORMAT, "a divisor of filters", error);
  if (r->layer->slot_count > 1) conv.bias = r->layer->weights[1];
  CVZ_TRY(cvz_layer_add(r, of_channels(r, conv), error));
  return cvz_layer_activate(r, "activation", error);
}

/* The depthwise convolution of DepthwiseConv2D and SeparableConv2D. */
static cvz_status add_depthwise(cvz_reading *r, int bias, cvz_error *error)
{
  cvz_conv conv = {.filters = 1, .groups = 1, .bias = bias, .kernel = r->layer->weights[0]};
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_layer_window(r->layer, "kernel_size", &conv.window, error));
  CVZ_TRY(cvz_option_int(r->layer, "depth_multiplier", 1, &conv.filters, error));
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_DEPTHWISE, .conv = conv}, error);
}

static int depthwise_outputs(const cvz_reading *r)
{
  const int *dims = cvz_layer_weight_of(r, 0)->dims;
  int outputs;
  return __builtin_mul_overflow(dims[2], dims[3], &outputs) ? -1 : outputs;
}

cvz_status cvz_layer_read_depthwise(cvz_reading *r, cvz_error *error)
{
  const bool bias = r->layer->slot_count > 1;
  if (bias) CVZ_TRY(cvz_layer_check_length(r, 1, depthwise_outputs(r), error));
  CVZ_TRY(add_depthwise(r, bias ? r->layer->weights[1] : CVZ_NO_WEIGHT, error));
  return cvz_layer_activate(r, "activation", error);
}

cvz_status cvz_layer_read_separable(cvz_reading *r, cvz_error *error)
{
  const cvz_window pointwise = {{1, 1}, {1, 1}, {1, 1}, CVZ_VALID};
  cvz_conv conv = {.window = pointwise, .groups = 1, .kernel = r->layer->weights[1], .bias = CVZ_NO_WEIGHT};
  CVZ_TRY(cvz_layer_required(r->layer, "filters", &conv.filters, error));
  CVZ_REQUIRE(cvz_layer_weight_of(r, 1)->dims[2] == depthwise_outputs(r), error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%s): weight pointwise_kernel takes %d channels in the file, expected %d", r->layer->path,
              r->layer->class_name, cvz_layer_weight_of(r, 1)->dims[2], depthwise_outputs(r));
  if (r->layer->slot_count > 2) conv.bias = r->layer->weights[2];
  CVZ_TRY(add_depthwise(r, CVZ_NO_WEIGHT, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_CONV, .conv = conv}, error));
  return cvz_layer_activate(r, "activation", error);
}

/* A 1 x 1 convolution whose kernel has two dimensions. */
cvz_status cvz_layer_read_dense(cvz_reading *r, cvz_error *error)
{
  const cvz_window pointwise = {{1, 1}, {1, 1}, {1, 1}, CVZ_VALID};
  cvz_conv conv = {.window = pointwise, .groups = 1, .kernel = r->layer->weights[0], .bias = CVZ_NO_WEIGHT};
  CVZ_TRY(cvz_layer_required(r->layer, "units", &conv.filters, error));
  CVZ_TRY(cvz_layer_order(r, r->rank, error));
  r->new_axes = true;
  if (r->layer->slot_count > 1) conv.bias = r->layer->weights[1];
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_CONV, .conv = conv}, error));
  return cvz_layer_activate(r, "activation", error);
}

/* The bias is an affine node behind it. */
cvz_status cvz_layer_read_conv_transpose(cvz_reading *r, cvz_error *error)
{
  cvz_convtranspose node = {.output_padding = {-1, -1}, .kernel = r->layer->weights[0]};
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_layer_window(r->layer, "kernel_size", &node.window, error));
  CVZ_TRY(cvz_layer_required(r->layer, "filters", &node.filters, error));
  CVZ_TRY(cvz_option_pair(r->layer, "output_padding", 0, node.output_padding, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_CONVTRANSPOSE, .convtranspose = node}, error));
  if (r->layer->slot_count > 1) CVZ_TRY(cvz_layer_add_scale(r, CVZ_NO_WEIGHT, r->layer->weights[1], error));
  return cvz_layer_activate(r, "activation", error);
}
