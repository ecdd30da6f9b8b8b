#include <string.h>

#include "engine/conv.h"

/* A row of outputs is the sum over the taps of (row of x, moved by the tap and read at the stride) times (the tap's
 * C x K weights). Backward, inputs fall into parity classes by their place modulo the strides; a row of one class is
 * the same kind of sum over the taps of that class, see engine/blocks.h. */

#define THIN_CHANNELS 16  /* of fewer channels, as many neighbouring taps as the stride permits make one term */
#define TERMS         256 /* largest window, 16 x 16 */

static int taps_per_term(const cvz_conv_sizes *sizes, const cvz_slide *slide)
{
  const bool thin = sizes->channels < THIN_CHANNELS && sizes->groups == 1 && slide->dilation[1] == 1;
  return thin ? slide->stride[1] < slide->kernel[1] ? slide->stride[1] : slide->kernel[1] : 1;
}

static int chunk_count(const cvz_conv_sizes *sizes, int taps)
{
  return (sizes->kernel[1] + taps - 1) / taps;
}

static int most(int a, int b)
{
  return a > b ? a : b;
}

/* Zeros around x that the windows of all outputs reach; `reach` is the last tap's distance from the first. */
static void frame_axis(int outputs, int stride, int reach, int before, int length, int *low, int *high)
{
  *low = most(before, 0);
  *high = most((outputs - 1) * stride + reach - before - (length - 1), 0);
}

static cvz_conv_frame forward_frame(const cvz_slide *s, int taps, cvz_view x, cvz_view y)
{
  cvz_conv_frame f;
  const int chunks = (s->kernel[1] + taps - 1) / taps;
  frame_axis(y.height, s->stride[0], (s->kernel[0] - 1) * s->dilation[0], s->before[0], x.height, &f.top, &f.bottom);
  frame_axis(y.width, s->stride[1], (chunks * taps - 1) * s->dilation[1], s->before[1], x.width, &f.left, &f.right);
  return f;
}

/* The framed x of a pass and what its rows of products share. */
typedef struct cvz_taps_pass {
  const cvz_context *context;
  const cvz_slide *slide;
  cvz_conv_sizes sizes;
  const cvz_gemm *gemm;
  cvz_view from, to;
  cvz_conv_frame frame;
  const float *weights;
  cvz_epilogue epilogue;
  int taps;
  bool accumulate;
} cvz_taps_pass;

static const float *source(const cvz_taps_pass *p, int y, int x, int channel)
{
  return p->from.data + (ptrdiff_t)(y + p->frame.top) * (ptrdiff_t)p->from.row +
         (ptrdiff_t)(x + p->frame.left) * (ptrdiff_t)p->from.pixel + channel;
}

static void forward_row(const cvz_taps_pass *p, int row, int group, int first, int columns)
{
  const cvz_slide *s = p->slide;
  const float *a[TERMS];
  int terms = 0;
  for (int r = 0; r < s->kernel[0]; r++)
    for (int chunk = 0; chunk < chunk_count(&p->sizes, p->taps); chunk++)
      a[terms++] = source(p, row * s->stride[0] - s->before[0] + r * s->dilation[0],
                          chunk * p->taps * s->dilation[1] - s->before[1], group * p->sizes.channels);
  const int k = p->taps * p->sizes.channels;
  const cvz_gemm_call call = {.m = p->to.width,
                              .n = columns,
                              .k = k,
                              .terms = terms,
                              .a = a,
                              .lda = (size_t)s->stride[1] * p->from.pixel,
                              .packed = p->weights + (size_t)first * (size_t)terms * (size_t)k,
                              .c = p->to.data + (size_t)row * p->to.row + group * p->sizes.filters + first,
                              .ldc = p->to.pixel};
  p->gemm->multiply(&call);
}

static void forward_group(const cvz_taps_pass *p, int group)
{
  for (int first = 0; first < p->sizes.filters; first += p->gemm->columns)
    for (int row = 0; row < p->to.height; row++)
      forward_row(p, row, group, first, cvz_conv_block(p->gemm->columns, first, p->sizes.filters));
}

static void forward(const cvz_context *context)
{
  cvz_taps_pass p = {.context = context,
                     .slide = &context->step->slide,
                     .sizes = cvz_conv_sizes_of(context->plan, context->step),
                     .gemm = cvz_packs_gemm(context->plan->packs),
                     .to = cvz_context_output(context),
                     .weights = cvz_context_pack(context, CVZ_SLOT_FORWARD),
                     .epilogue = cvz_conv_forward_epilogue(context)};
  const cvz_view x = cvz_context_input(context, 0);
  const size_t group_floats =
      cvz_packs_count(context->plan->packs, context->step->packs[CVZ_SLOT_FORWARD]) / (size_t)p.sizes.groups;
  p.taps = taps_per_term(&p.sizes, p.slide);
  p.frame = forward_frame(p.slide, p.taps, x, p.to);
  p.from = cvz_conv_framed(cvz_context_kernels(context), x, p.frame, cvz_context_scratch(context));
  for (int group = 0; group < p.sizes.groups; group++, p.weights += group_floats) forward_group(&p, group);
  cvz_conv_finish(context, p.to, &p.epilogue, 0, 0);
}

static int floor_divide(int a, int b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Zeros around dy that the inputs of all classes reach. */
static void frame_axis_backward(int outputs, int stride, int reach, int before, int length, int *low, int *high)
{
  *low = most(reach - floor_divide(before, stride), 0);
  *high = most(floor_divide(length - 1 + before, stride) - (outputs - 1), 0);
}

static int class_reach(const cvz_slide *s, int axis)
{
  return (s->kernel[axis] - 1) / s->stride[axis] * s->dilation[axis];
}

static cvz_conv_frame backward_frame(const cvz_slide *s, cvz_view dx, cvz_view dy)
{
  cvz_conv_frame f;
  frame_axis_backward(dy.height, s->stride[0], class_reach(s, 0), s->before[0], dx.height, &f.top, &f.bottom);
  frame_axis_backward(dy.width, s->stride[1], class_reach(s, 1), s->before[1], dx.width, &f.left, &f.right);
  return f;
}

/* The inputs of one row and one class of columns. */
typedef struct cvz_class_row {
  int y;              /**< row of dx */
  int class[2];       /**< vertical, horizontal */
  int last_y, last_x; /**< dy's place for the class's first tap */
  int x, count;       /**< first column of dx, and how many */
} cvz_class_row;

static cvz_class_row class_row(const cvz_taps_pass *p, int y, int class)
{
  const cvz_slide *s = p->slide;
  cvz_class_row row = {.y = y};
  row.last_y = floor_divide(y + s->before[0], s->stride[0]);
  row.class[0] = y + s->before[0] - row.last_y * s->stride[0];
  row.class[1] = class;
  row.x = class - s->before[1] - floor_divide(class - s->before[1], s->stride[1]) * s->stride[1];
  row.last_x = floor_divide(row.x + s->before[1], s->stride[1]);
  row.count = row.x < p->to.width ? (p->to.width - row.x + s->stride[1] - 1) / s->stride[1] : 0;
  return row;
}

static void clear_class_row(const cvz_taps_pass *p, const cvz_class_row *row, int channel, int columns)
{
  cvz_view part = cvz_view_channels(cvz_view_crop(p->to, row->y, row->x, 1, row->count), channel, columns);
  part.pixel = (size_t)p->slide->stride[1] * p->to.pixel;
  cvz_context_kernels(p->context)->fill(part, 0.0f);
}

static void backward_class_row(const cvz_taps_pass *p, const cvz_class_row *row, int group, int first, int columns)
{
  const cvz_slide *s = p->slide;
  const int rows = cvz_blocks_taps(&p->sizes, 0, row->class[0]), taps = cvz_blocks_taps(&p->sizes, 1, row->class[1]);
  const float *a[TERMS];
  int terms = 0;
  for (int i = rows - 1; i >= 0; i--)
    for (int j = taps - 1; j >= 0; j--)
      a[terms++] =
          source(p, row->last_y - i * s->dilation[0], row->last_x - j * s->dilation[1], group * p->sizes.filters);
  const int channel = group * p->sizes.channels + first;
  if (terms == 0 && !p->accumulate) clear_class_row(p, row, channel, columns);
  if (terms == 0) return;
  const size_t class_offset = cvz_blocks_class_offset(&p->sizes, row->class[0], row -> class[1]);
  const cvz_gemm_call call = {.m = row->count,
                              .n = columns,
                              .k = p->sizes.filters,
                              .terms = terms,
                              .a = a,
                              .lda = p->from.pixel,
                              .packed =
                                  p->weights + class_offset + (size_t)first * (size_t)terms * (size_t)p->sizes.filters,
                              .c = p->to.data + (size_t)row->y * p->to.row + (size_t)row->x * p->to.pixel + channel,
                              .ldc = (size_t)s->stride[1] * p->to.pixel,
                              .accumulate = p->accumulate};
  p->gemm->multiply(&call);
}

static void backward_group(const cvz_taps_pass *p, int group)
{
  for (int first = 0; first < p->sizes.channels; first += p->gemm->columns)
    for (int y = 0; y < p->to.height; y++)
      for (int class = 0; class < p->slide->stride[1]; class ++) {
        const cvz_class_row row = class_row(p, y, class);
        if (row.count)
          backward_class_row(p, &row, group, first, cvz_conv_block(p->gemm->columns, first, p->sizes.channels));
      }
}

static void backward(const cvz_context *context)
{
  cvz_taps_pass p = {.context = context,
                     .slide = &context->step->slide,
                     .sizes = cvz_conv_sizes_of(context->plan, context->step),
                     .gemm = cvz_packs_gemm(context->plan->packs),
                     .to = cvz_context_input_gradient(context, 0),
                     .weights = cvz_context_pack(context, CVZ_SLOT_BACKWARD),
                     .epilogue = cvz_conv_backward_epilogue(context),
                     .accumulate = context->step->inputs[0].accumulate};
  const cvz_view dy = cvz_context_output_gradient(context);
  const size_t group_floats =
      cvz_packs_count(context->plan->packs, context->step->packs[CVZ_SLOT_BACKWARD]) / (size_t)p.sizes.groups;
  p.frame = backward_frame(p.slide, p.to, dy);
  p.from = cvz_conv_framed(cvz_context_kernels(context), dy, p.frame, cvz_context_scratch(context));
  for (int group = 0; group < p.sizes.groups; group++, p.weights += group_floats) backward_group(&p, group);
  cvz_conv_finish(context, p.to, &p.epilogue, 0, 0);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"taps", forward, false}, backward_pass = {"taps", backward, false};

static cvz_view shape_of(const cvz_value *value)
{
  return cvz_view_dense(NULL, cvz_region_height(value->region), cvz_region_width(value->region), value->shape.channels);
}

static size_t framed_floats(cvz_view view, cvz_conv_frame f)
{
  return (size_t)(view.height + f.top + f.bottom) * (size_t)(view.width + f.left + f.right) * (size_t)view.channels;
}

cvz_status cvz_conv_taps_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_view x = shape_of(cvz_step_input(plan, step, 0)), y = shape_of(cvz_step_output(plan, step));
  const int taps = taps_per_term(&sizes, &step->slide);
  step->forward = &forward_pass;
  cvz_step_want_scratch(step, framed_floats(x, forward_frame(&step->slide, taps, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, sizes.filters * sizes.groups,
                           cvz_packs_gemm(packs)->columns, taps, error);
}

cvz_status cvz_conv_taps_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_view x = shape_of(cvz_step_input(plan, step, 0)), y = shape_of(cvz_step_output(plan, step));
  step->backward = &backward_pass;
  cvz_step_want_scratch(step, framed_floats(y, backward_frame(&step->slide, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, sizes.filters * sizes.groups,
                           cvz_packs_gemm(packs)->columns, 0, error);
}
