#include "graph/shape.h"

#include <stdio.h>
#include <string.h>

/* What a shape rule sees: the node, its input shapes and where to say what is wrong. */
typedef struct cvz_shape_case {
  const cvz_graph *graph;
  const cvz_node *node;
  const char *layer; /* name, for messages */
  const cvz_shape *shapes;
  int height, width; /* of the image */
  cvz_error *error;
} cvz_shape_case;

static cvz_shape input(const cvz_shape_case *c, int index)
{
  return c->shapes[c->node->inputs[index]];
}

static int extent(const cvz_window *window, int axis)
{
  return (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

int cvz_window_outputs(const cvz_window *window, int axis, int length)
{
  const int stride = window->stride[axis];
  if (window->padding == CVZ_SAME) return (length + stride - 1) / stride;
  const int last = length - extent(window, axis);
  return last < 0 ? 0 : last / stride + 1;
}

int cvz_window_before(const cvz_window *window, int axis, int length)
{
  if (window->padding == CVZ_VALID) return 0;
  const int outputs = cvz_window_outputs(window, axis, length);
  const int total = (outputs - 1) * window->stride[axis] + extent(window, axis) - length;
  return total > 0 ? total / 2 : 0;
}

static cvz_status require_map(const cvz_shape_case *c, cvz_shape in)
{
  char text[64];
  cvz_shape_text(in, text, sizeof text);
  CVZ_REQUIRE(in.rank == 3, c->error, CVZ_E_FORMAT,
              "layer %s: its input has shape %s, expected (height, width, channels)", c->layer, text);
  return CVZ_OK;
}

static cvz_status slide(const cvz_shape_case *c, const cvz_window *window, int channels, cvz_shape *shape)
{
  const cvz_shape in = input(c, 0);
  shape->rank = in.rank;
  shape->height = cvz_window_outputs(window, 0, in.height);
  shape->width = cvz_window_outputs(window, 1, in.width);
  shape->channels = channels;
  return CVZ_OK;
}

static void dims_text(const cvz_weight *weight, char *text, size_t bytes)
{
  size_t used = (size_t)snprintf(text, bytes, "(");
  for (int i = 0; i < weight->rank && used < bytes; i++)
    used += (size_t)snprintf(text + used, bytes - used, "%s%d", i ? ", " : "", weight->dims[i]);
  if (used < bytes) snprintf(text + used, bytes - used, ")");
}

static cvz_status require_dims(const cvz_shape_case *c, int weight_index, int rank, const int *dims)
{
  if (weight_index == CVZ_NO_WEIGHT) return CVZ_OK;
  const cvz_weight *weight = &c->graph->weights[weight_index];
  cvz_weight expected = {.rank = rank};
  bool equal = weight->rank == rank;
  for (int i = 0; i < rank; i++) {
    expected.dims[i] = dims[i];
    equal = equal && weight->dims[i] == dims[i];
  }
  char found[64], wanted[64];
  dims_text(weight, found, sizeof found);
  dims_text(&expected, wanted, sizeof wanted);
  CVZ_REQUIRE(equal, c->error, CVZ_E_FORMAT, "layer %s: weight %s has shape %s, expected %s", c->layer, weight->name,
              found, wanted);
  return CVZ_OK;
}

static cvz_status shape_input(const cvz_shape_case *c, cvz_shape *shape)
{
  *shape = c->node->input;
  shape->rank = 3;
  shape->height = c->height;
  shape->width = c->width;
  return CVZ_OK;
}

static cvz_status shape_dense(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_conv *conv = &c->node->conv;
  *shape = input(c, 0);
  shape->channels = conv->filters;
  CVZ_TRY(require_dims(c, conv->kernel, 2, (int[]){input(c, 0).channels, conv->filters}));
  return require_dims(c, conv->bias, 1, &conv->filters);
}

static cvz_status shape_conv(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_conv *conv = &c->node->conv;
  const cvz_shape in = input(c, 0);
  if (c->graph->weights[conv->kernel].rank == 2) return shape_dense(c, shape);
  CVZ_TRY(require_map(c, in));
  CVZ_REQUIRE(in.channels % conv->groups == 0 && conv->filters % conv->groups == 0, c->error, CVZ_E_FORMAT,
              "layer %s: %d groups for %d channels and %d filters, expected a divisor of both", c->layer, conv->groups,
              in.channels, conv->filters);
  const int *kernel = conv->window.kernel;
  CVZ_TRY(require_dims(c, conv->kernel, 4, (int[]){kernel[0], kernel[1], in.channels / conv->groups, conv->filters}));
  CVZ_TRY(require_dims(c, conv->bias, 1, &conv->filters));
  return slide(c, &conv->window, conv->filters, shape);
}

static cvz_status shape_depthwise(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_conv *conv = &c->node->conv;
  const cvz_shape in = input(c, 0);
  CVZ_TRY(require_map(c, in));
  const int *kernel = conv->window.kernel;
  CVZ_REQUIRE(conv->filters <= CVZ_DIMENSION_MAX / in.channels, c->error, CVZ_E_RANGE,
              "layer %s: depth multiplier %d with %d channels is too large", c->layer, conv->filters, in.channels);
  const int channels = in.channels * conv->filters;
  const bool grouped = c->graph->weights[conv->kernel].dims[2] == 1;
  const int by_channel[] = {kernel[0], kernel[1], in.channels, conv->filters};
  const int by_group[] = {kernel[0], kernel[1], 1, channels};
  CVZ_TRY(require_dims(c, conv->kernel, 4, grouped ? by_group : by_channel));
  CVZ_TRY(require_dims(c, conv->bias, 1, &channels));
  return slide(c, &conv->window, channels, shape);
}

static cvz_status shape_affine(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_affine *affine = &c->node->affine;
  *shape = input(c, 0);
  int weights[4];
  const int count = cvz_node_weights(c->node, weights);
  for (int i = 0; i < count; i++) CVZ_TRY(require_dims(c, weights[i], 1, &shape->channels));
  CVZ_REQUIRE(affine->constants <= 1 || affine->constants == shape->channels, c->error, CVZ_E_FORMAT,
              "layer %s: %d constants, expected 1 or %d, one a channel", c->layer, affine->constants, shape->channels);
  return CVZ_OK;
}

static cvz_status shape_same(const cvz_shape_case *c, cvz_shape *shape)
{
  *shape = input(c, 0);
  return CVZ_OK;
}

static cvz_status shape_pool(const cvz_shape_case *c, cvz_shape *shape)
{
  CVZ_TRY(require_map(c, input(c, 0)));
  return slide(c, &c->node->pool, input(c, 0).channels, shape);
}

static cvz_status shape_globalavg(const cvz_shape_case *c, cvz_shape *shape)
{
  CVZ_TRY(require_map(c, input(c, 0)));
  *shape = (cvz_shape){1, 1, 1, input(c, 0).channels};
  return CVZ_OK;
}

static cvz_status shape_pad(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_pad *pad = &c->node->pad;
  *shape = input(c, 0);
  CVZ_TRY(require_map(c, *shape));
  shape->height += pad->top + pad->bottom;
  shape->width += pad->left + pad->right;
  return CVZ_OK;
}

static bool broadcast(int *length, int other)
{
  if (*length == 1) *length = other;
  return other == 1 || other == *length;
}

static cvz_status shape_broadcast(const cvz_shape_case *c, cvz_shape *shape)
{
  *shape = input(c, 0);
  for (int i = 1; i < c->node->input_count; i++) {
    const cvz_shape other = input(c, i);
    char first[64], second[64];
    cvz_shape_text(*shape, first, sizeof first);
    cvz_shape_text(other, second, sizeof second);
    const bool fits = other.rank == shape->rank && broadcast(&shape->height, other.height) &&
                      broadcast(&shape->width, other.width) && broadcast(&shape->channels, other.channels);
    CVZ_REQUIRE(fits, c->error, CVZ_E_FORMAT, "layer %s: inputs of shapes %s and %s, expected equal ones", c->layer,
                first, second);
  }
  return CVZ_OK;
}

static cvz_status shape_concat(const cvz_shape_case *c, cvz_shape *shape)
{
  *shape = input(c, 0);
  for (int i = 1; i < c->node->input_count; i++) {
    const cvz_shape other = input(c, i);
    const bool fits = other.rank == shape->rank && other.height == shape->height && other.width == shape->width;
    char first[64], second[64];
    cvz_shape_text(*shape, first, sizeof first);
    cvz_shape_text(other, second, sizeof second);
    CVZ_REQUIRE(fits, c->error, CVZ_E_FORMAT, "layer %s: inputs of shapes %s and %s, expected maps of one size",
                c->layer, first, second);
    CVZ_REQUIRE(other.channels <= CVZ_DIMENSION_MAX - shape->channels, c->error, CVZ_E_RANGE,
                "layer %s: more than %d channels", c->layer, CVZ_DIMENSION_MAX);
    shape->channels += other.channels;
  }
  return CVZ_OK;
}

static int length_of(cvz_shape shape, int axis)
{
  return axis == 0 ? shape.height : axis == 1 ? shape.width : shape.channels;
}

/* Replaces the one -1 among the sizes by what remains of `count` elements. */
static bool resolve(int *sizes, int rank, size_t count)
{
  size_t known = 1;
  int open = -1;
  for (int i = 0; i < rank; i++) {
    if (sizes[i] == -1)
      open = i;
    else
      known *= (size_t)sizes[i];
  }
  if (open < 0) return known == count;
  if (!known || count % known || count / known > CVZ_DIMENSION_MAX * (size_t)64) return false;
  sizes[open] = (int)(count / known);
  return true;
}

static cvz_status shape_reshape(const cvz_shape_case *c, cvz_shape *shape)
{
  const int rank = c->node->reshape.rank;
  int sizes[3];
  memcpy(sizes, c->node->reshape.sizes, sizeof sizes);
  char in[64];
  cvz_shape_text(input(c, 0), in, sizeof in);
  for (int i = 0; i < rank; i++)
    if (sizes[i] < -1) sizes[i] = length_of(input(c, 0), -2 - sizes[i]);
  CVZ_REQUIRE(resolve(sizes, rank, cvz_shape_count(input(c, 0))), c->error, CVZ_E_FORMAT,
              "layer %s: a map of shape %s cannot become %d x ... as its target shape asks", c->layer, in, sizes[0]);
  *shape = (cvz_shape){rank, rank > 1 ? sizes[0] : 1, rank > 2 ? sizes[1] : 1, sizes[rank - 1]};
  return CVZ_OK;
}

static cvz_status shape_transpose(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_shape in = input(c, 0);
  const int *axes = c->node->transpose.axes;
  *shape = (cvz_shape){in.rank, length_of(in, axes[0]), length_of(in, axes[1]), length_of(in, axes[2])};
  return CVZ_OK;
}

int cvz_convtranspose_size(const cvz_convtranspose *node, int axis, int length)
{
  const cvz_window *window = &node->window;
  const int stride = window->stride[axis], reach = extent(window, axis), extra = node->output_padding[axis];
  if (extra < 0 && window->padding == CVZ_SAME) return length * stride;
  if (extra < 0) return (length - 1) * stride + (reach > stride ? reach : stride);
  return (length - 1) * stride + (window->padding == CVZ_SAME ? reach % 2 : reach) + extra;
}

static cvz_status shape_convtranspose(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_convtranspose *node = &c->node->convtranspose;
  const cvz_shape in = input(c, 0);
  CVZ_TRY(require_map(c, in));
  CVZ_REQUIRE((long)in.height * node->window.stride[0] <= CVZ_DIMENSION_MAX &&
                  (long)in.width * node->window.stride[1] <= CVZ_DIMENSION_MAX,
              c->error, CVZ_E_RANGE, "layer %s: strides %d x %d make the map too large", c->layer,
              node->window.stride[0], node->window.stride[1]);
  *shape = (cvz_shape){3, cvz_convtranspose_size(node, 0, in.height), cvz_convtranspose_size(node, 1, in.width),
                       node->filters};
  CVZ_REQUIRE(cvz_window_outputs(&node->window, 0, shape->height) == in.height &&
                  cvz_window_outputs(&node->window, 1, shape->width) == in.width,
              c->error, CVZ_E_FORMAT, "layer %s: output_padding %d x %d does not go with these strides", c->layer,
              node->output_padding[0], node->output_padding[1]);
  const int *kernel = node->window.kernel;
  return require_dims(c, node->kernel, 4, (int[]){kernel[0], kernel[1], node->filters, in.channels});
}

static cvz_status shape_normalize(const cvz_shape_case *c, cvz_shape *shape)
{
  const int groups = c->node->normalize.groups;
  *shape = input(c, 0);
  CVZ_REQUIRE(groups == -1 || shape->channels % groups == 0, c->error, CVZ_E_FORMAT,
              "layer %s: %d groups of %d channels, expected a divisor", c->layer, groups, shape->channels);
  return CVZ_OK;
}

static cvz_status shape_reduce(const cvz_shape_case *c, cvz_shape *shape)
{
  const bool *axes = c->node->reduce.axes;
  *shape = input(c, 0);
  if (axes[0]) shape->height = 1;
  if (axes[1]) shape->width = 1;
  if (axes[2]) shape->channels = 1;
  return CVZ_OK;
}

static cvz_status shape_resize(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_resize *resize = &c->node->resize;
  *shape = input(c, 0);
  CVZ_TRY(require_map(c, *shape));
  CVZ_REQUIRE(resize->factor[0] <= CVZ_DIMENSION_MAX / shape->height &&
                  resize->factor[1] <= CVZ_DIMENSION_MAX / shape->width,
              c->error, CVZ_E_RANGE, "layer %s: a factor of %d x %d makes the map too large", c->layer,
              resize->factor[0], resize->factor[1]);
  shape->height = cvz_resize_size(resize, 0, shape->height);
  shape->width = cvz_resize_size(resize, 1, shape->width);
  return CVZ_OK;
}

static cvz_status shape_part(const cvz_shape_case *c, cvz_shape *shape)
{
  const int count = c->node->part.count;
  *shape = input(c, 0);
  CVZ_REQUIRE(shape->channels % count == 0, c->error, CVZ_E_FORMAT, "layer %s: %d channels, expected a multiple of %d",
              c->layer, shape->channels, count);
  shape->channels /= count;
  return CVZ_OK;
}

static cvz_status shape_constant(const cvz_shape_case *c, cvz_shape *shape)
{
  const cvz_weight *weight = &c->graph->weights[c->node->constant];
  CVZ_REQUIRE(weight->rank >= 1 && weight->rank <= 3, c->error, CVZ_E_FORMAT,
              "layer %s: weight %s has %d dimensions, expected 1 to 3", c->layer, weight->name, weight->rank);
  const int rank = weight->rank, *dims = weight->dims;
  *shape = (cvz_shape){rank, rank > 1 ? dims[0] : 1, rank > 2 ? dims[1] : 1, dims[rank - 1]};
  return CVZ_OK;
}

static cvz_status shape_observe(const cvz_shape_case *c, cvz_shape *shape)
{
  for (int i = 0; i < c->node->input_count; i++) {
    const cvz_region part = c->node->observe.parts[i];
    const cvz_shape map = input(c, i);
    CVZ_REQUIRE(part.y0 >= 0 && part.y0 < part.y1 && part.y1 <= map.height && part.x0 >= 0 && part.x0 < part.x1 &&
                    part.x1 <= map.width,
                c->error, CVZ_E_RANGE, "layer %s: rows %d to %d, columns %d to %d of a map of %d x %d", c->layer,
                part.y0, part.y1 - 1, part.x0, part.x1 - 1, map.height, map.width);
  }
  *shape = (cvz_shape){1, 1, 1, 1};
  return CVZ_OK;
}

static cvz_status (*const rules[CVZ_OP_COUNT])(const cvz_shape_case *, cvz_shape *) = {
    [CVZ_OP_INPUT] = shape_input,         [CVZ_OP_CONV] = shape_conv,
    [CVZ_OP_DEPTHWISE] = shape_depthwise, [CVZ_OP_AFFINE] = shape_affine,
    [CVZ_OP_ACTIVATION] = shape_same,     [CVZ_OP_SOFTMAX] = shape_same,
    [CVZ_OP_MAXPOOL] = shape_pool,        [CVZ_OP_AVGPOOL] = shape_pool,
    [CVZ_OP_GLOBALAVG] = shape_globalavg, [CVZ_OP_PAD] = shape_pad,
    [CVZ_OP_ADD] = shape_broadcast,       [CVZ_OP_MULTIPLY] = shape_broadcast,
    [CVZ_OP_CONCAT] = shape_concat,       [CVZ_OP_RESHAPE] = shape_reshape,
    [CVZ_OP_TRANSPOSE] = shape_transpose, [CVZ_OP_CONVTRANSPOSE] = shape_convtranspose,
    [CVZ_OP_NORMALIZE] = shape_normalize, [CVZ_OP_BINARY] = shape_broadcast,
    [CVZ_OP_REDUCE] = shape_reduce,       [CVZ_OP_RESIZE] = shape_resize,
    [CVZ_OP_CONSTANT] = shape_constant,   [CVZ_OP_OBSERVE] = shape_observe,
    [CVZ_OP_PART] = shape_part,
};

static cvz_status check_size(const cvz_shape_case *c, cvz_shape shape)
{
  CVZ_REQUIRE(shape.height >= 1 && shape.width >= 1 && shape.channels >= 1, c->error, CVZ_E_RANGE,
              "size: %d x %d is too small for this network: the output of layer %s would be empty", c->height, c->width,
              c->layer);
  CVZ_REQUIRE(shape.height <= CVZ_DIMENSION_MAX && shape.width <= CVZ_DIMENSION_MAX &&
                  cvz_shape_count(shape) <= (size_t)1 << 31,
              c->error, CVZ_E_RANGE, "size: %d x %d is too large: the output of layer %s would not fit memory",
              c->height, c->width, c->layer);
  return CVZ_OK;
}

cvz_status cvz_graph_shapes(const cvz_graph *graph, const bool *needed, int height, int width, cvz_shape *shapes,
                            cvz_error *error)
{
  memset(shapes, 0, (size_t)graph->node_count * sizeof *shapes);
  for (int i = 0; i < graph->node_count; i++) {
    if (!needed[i]) continue;
    const cvz_node *node = &graph->nodes[i];
    const char *layer = node->layer >= 0 && node->layer < graph->layer_count ? graph->layers[node->layer].name : "?";
    const cvz_shape_case c = {graph, node, layer, shapes, height, width, error};
    CVZ_TRY(rules[node->op](&c, &shapes[i]));
    CVZ_TRY(check_size(&c, shapes[i]));
  }
  return CVZ_OK;
}
