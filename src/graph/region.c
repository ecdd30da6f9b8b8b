#include "graph/shape.h"

#include <string.h>

cvz_region cvz_region_whole(cvz_shape shape)
{
  return (cvz_region){0, shape.height, 0, shape.width};
}

int cvz_region_height(cvz_region region)
{
  return region.y1 - region.y0;
}

int cvz_region_width(cvz_region region)
{
  return region.x1 - region.x0;
}

static int least(int a, int b)
{
  return a < b ? a : b;
}

static int most(int a, int b)
{
  return a > b ? a : b;
}

cvz_region cvz_region_union(cvz_region a, cvz_region b)
{
  if (a.y0 == a.y1) return b;
  if (b.y0 == b.y1) return a;
  return (cvz_region){least(a.y0, b.y0), most(a.y1, b.y1), least(a.x0, b.x0), most(a.x1, b.x1)};
}

/* Elements first .. end - 1 of an axis of `length` that the windows of outputs *first .. *end - 1 see. An axis of
 * which only padding is seen keeps one element, so that no map is empty. */
static void window_reach(const cvz_window *window, int axis, int length, int *first, int *end)
{
  const int before = cvz_window_before(window, axis, length);
  const int reach = (window->kernel[axis] - 1) * window->dilation[axis];
  const int low = *first * window->stride[axis] - before;
  const int high = (*end - 1) * window->stride[axis] - before + reach + 1;
  *first = least(most(low, 0), length - 1);
  *end = most(least(high, length), *first + 1);
}

static cvz_region window_region(const cvz_window *window, cvz_shape in, cvz_region out)
{
  window_reach(window, 0, in.height, &out.y0, &out.y1);
  window_reach(window, 1, in.width, &out.x0, &out.x1);
  return out;
}

static cvz_region pad_region(const cvz_pad *pad, cvz_shape in, cvz_region out)
{
  const cvz_window unit = {{1, 1}, {1, 1}, {1, 1}, CVZ_VALID};
  const cvz_region moved = {out.y0 - pad->top, out.y1 - pad->top, out.x0 - pad->left, out.x1 - pad->left};
  return window_region(&unit, in, moved);
}

/* An input of one row or column is read by all. */
static cvz_region broadcast_region(cvz_shape in, cvz_region out)
{
  if (in.height == 1) out.y0 = 0, out.y1 = 1;
  if (in.width == 1) out.x0 = 0, out.x1 = 1;
  return out;
}

/* Where each axis of the input has gone. */
static cvz_region transpose_region(const cvz_transpose *transpose, cvz_shape in, cvz_region out)
{
  cvz_region region = cvz_region_whole(in);
  for (int axis = 0; axis < 2; axis++) {
    const int first = axis ? out.x0 : out.y0, end = axis ? out.x1 : out.y1;
    if (transpose->axes[axis] == 0) region.y0 = first, region.y1 = end;
    if (transpose->axes[axis] == 1) region.x0 = first, region.x1 = end;
  }
  return region;
}

static int ceiling(int a, int b)
{
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* Inputs whose windows meet outputs *first .. *end - 1; one at least, so that no map is empty. */
static void convtranspose_reach(const cvz_convtranspose *node, int axis, int length, int *first, int *end)
{
  const cvz_window *window = &node->window;
  const int before = cvz_window_before(window, axis, cvz_convtranspose_size(node, axis, length));
  const int reach = (window->kernel[axis] - 1) * window->dilation[axis], stride = window->stride[axis];
  const int low = ceiling(*first + before - reach, stride), high = (*end - 1 + before) / stride + 1;
  *first = least(most(low, 0), length - 1);
  *end = most(least(high, length), *first + 1);
}

static cvz_region convtranspose_region(const cvz_convtranspose *node, cvz_shape in, cvz_region out)
{
  convtranspose_reach(node, 0, in.height, &out.y0, &out.y1);
  convtranspose_reach(node, 1, in.width, &out.x0, &out.x1);
  return out;
}

/* Later outputs see later inputs. */
static void resize_reach(const cvz_resize *resize, int axis, int length, int *first, int *end)
{
  int low, high, ignored;
  cvz_resize_span(resize, axis, length, *first, &low, &ignored);
  cvz_resize_span(resize, axis, length, *end - 1, &ignored, &high);
  *first = low;
  *end = high;
}

static cvz_region resize_region(const cvz_resize *resize, cvz_shape in, cvz_region out)
{
  resize_reach(resize, 0, in.height, &out.y0, &out.y1);
  resize_reach(resize, 1, in.width, &out.x0, &out.x1);
  return out;
}

static cvz_region reduce_region(const cvz_reduce *reduce, cvz_shape in, cvz_region out)
{
  if (reduce->axes[0]) out.y0 = 0, out.y1 = in.height;
  if (reduce->axes[1]) out.x0 = 0, out.x1 = in.width;
  return out;
}

static cvz_region input_region(const cvz_node *node, int index, cvz_shape in, cvz_region out)
{
  switch (node->op) {
  case CVZ_OP_OBSERVE:
    return node->observe.parts[index];
  case CVZ_OP_CONV:
  case CVZ_OP_DEPTHWISE:
    return window_region(&node->conv.window, in, out);
  case CVZ_OP_MAXPOOL:
  case CVZ_OP_AVGPOOL:
    return window_region(&node->pool, in, out);
  case CVZ_OP_PAD:
    return pad_region(&node->pad, in, out);
  case CVZ_OP_ADD:
  case CVZ_OP_MULTIPLY:
  case CVZ_OP_BINARY:
    return broadcast_region(in, out);
  case CVZ_OP_GLOBALAVG:
  case CVZ_OP_RESHAPE:
    return cvz_region_whole(in);
  case CVZ_OP_NORMALIZE:
    return node->normalize.spatial ? cvz_region_whole(in) : out;
  case CVZ_OP_TRANSPOSE:
    return transpose_region(&node->transpose, in, out);
  case CVZ_OP_CONVTRANSPOSE:
    return convtranspose_region(&node->convtranspose, in, out);
  case CVZ_OP_REDUCE:
    return reduce_region(&node->reduce, in, out);
  case CVZ_OP_RESIZE:
    return resize_region(&node->resize, in, out);
  default:
    return out;
  }
}

void cvz_graph_regions(const cvz_graph *graph, const cvz_shape *shapes, int target, cvz_region region,
                       cvz_region *regions)
{
  memset(regions, 0, (size_t)graph->node_count * sizeof *regions);
  regions[target] = region;
  for (int i = target; i >= 0; i--) {
    if (regions[i].y0 == regions[i].y1) continue;
    const cvz_node *node = &graph->nodes[i];
    for (int j = 0; j < node->input_count; j++) {
      const int from = node->inputs[j];
      regions[from] = cvz_region_union(regions[from], input_region(node, j, shapes[from], regions[i]));
    }
  }
}

static bool keeps_channels_apart(cvz_op op)
{
  return op == CVZ_OP_AFFINE || op == CVZ_OP_ACTIVATION || op == CVZ_OP_MAXPOOL || op == CVZ_OP_AVGPOOL ||
         op == CVZ_OP_PAD || op == CVZ_OP_ADD || op == CVZ_OP_BINARY || op == CVZ_OP_RESIZE;
}

static int readers(const cvz_graph *graph, const bool *needed, int node)
{
  int count = 0;
  for (int i = node + 1; i < graph->node_count; i++)
    for (int j = 0; needed[i] && j < graph->nodes[i].input_count; j++) count += graph->nodes[i].inputs[j] == node;
  return count;
}

void cvz_graph_one_channel(const cvz_graph *graph, const cvz_shape *shapes, const bool *needed, int target,
                           bool *one_channel)
{
  memset(one_channel, 0, (size_t)graph->node_count * sizeof *one_channel);
  one_channel[target] = true;
  for (int i = target; i >= 0; i--) {
    const cvz_node *node = &graph->nodes[i];
    const bool apart = keeps_channels_apart(node->op);
    one_channel[i] = one_channel[i] && (apart || (node->op == CVZ_OP_CONV && node->conv.groups == 1));
    for (int j = 0; one_channel[i] && apart && j < node->input_count; j++) {
      const int from = node->inputs[j];
      one_channel[from] = shapes[from].channels == shapes[i].channels && readers(graph, needed, from) == 1;
    }
  }
}
