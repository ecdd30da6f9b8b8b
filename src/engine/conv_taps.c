#include "engine/conv.h"
#include "engine/taps.h"

/* Each row of outputs, and of each parity class of inputs, is one sum of dense products. */

#define TERMS 256 /* largest window, 16 x 16 */

/* The framed map of a pass and what its rows of products share. */
typedef struct cvz_taps_pass {
  const cvz_slide *slide;
  cvz_conv_sizes sizes;
  const cvz_gemm *gemm;
  const cvz_kernels *kernels;
  cvz_view from, to;
  cvz_taps_frame frame;
  const float *weights; /* of one group */
  size_t group_floats;
  int taps;
  bool accumulate;
} cvz_taps_pass;

static cvz_taps_pass begin(const cvz_context *context, int slot)
{
  cvz_taps_pass p = {.slide = &context->step->slide,
                     .sizes = cvz_conv_sizes_of(context->plan, context->step),
                     .gemm = cvz_packs_gemm(context->plan->packs),
                     .kernels = cvz_context_kernels(context),
                     .weights = cvz_context_pack(context, slot)};
  p.group_floats = cvz_packs_count(context->plan->packs, context->step->packs[slot]) / (size_t)p.sizes.groups;
  p.taps = cvz_taps_per_term(&p.sizes, p.slide);
  return p;
}

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
    for (int tap = 0; tap < s->kernel[1]; tap += p->taps)
      a[terms++] = source(p, row * s->stride[0] - s->before[0] + r * s->dilation[0],
                          tap * s->dilation[1] - s->before[1], group * p->sizes.channels);
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
  cvz_taps_pass p = begin(context, CVZ_SLOT_FORWARD);
  const cvz_view x = cvz_context_input(context, 0);
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  p.to = cvz_context_output(context);
  p.frame = cvz_taps_forward_frame(p.slide, p.taps, x, p.to);
  p.from = cvz_taps_framed(p.kernels, x, p.frame, cvz_context_scratch(context));
  for (int group = 0; group < p.sizes.groups; group++, p.weights += p.group_floats) forward_group(&p, group);
  cvz_conv_finish(context, p.to, &epilogue, 0, 0);
}

static void backward_class_row(const cvz_taps_pass *p, const cvz_taps_class_row *row, int group, int first, int columns)
{
  const cvz_slide *s = p->slide;
  const int rows = cvz_blocks_taps(&p->sizes, 0, row->class[0]), taps = cvz_blocks_taps(&p->sizes, 1, row->class[1]);
  const float *a[TERMS];
  int terms = 0;
  for (int i = rows - 1; i >= 0; i--)
    for (int j = taps - 1; j >= 0; j--)
      a[terms++] =
          source(p, row->last_y - i * s->dilation[0], row->last_x - j * s->dilation[1], group * p->sizes.filters);
  const cvz_view to = cvz_view_channels(cvz_taps_class_view(s, p->to, row), group * p->sizes.channels + first, columns);
  if (terms == 0 && !p->accumulate) p->kernels->fill(to, 0.0f);
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
                              .c = to.data,
                              .ldc = to.pixel,
                              .accumulate = p->accumulate};
  p->gemm->multiply(&call);
}

static void backward_group(const cvz_taps_pass *p, int group)
{
  for (int first = 0; first < p->sizes.channels; first += p->gemm->columns)
    for (int y = 0; y < p->to.height; y++)
      for (int class = 0; class < p->slide->stride[1]; class ++) {
        const cvz_taps_class_row row = cvz_taps_class_row_of(p->slide, p->to, y, class);
        if (row.count)
          backward_class_row(p, &row, group, first, cvz_conv_block(p->gemm->columns, first, p->sizes.channels));
      }
}

static void backward(const cvz_context *context)
{
  cvz_taps_pass p = begin(context, CVZ_SLOT_BACKWARD);
  const cvz_view dy = cvz_context_output_gradient(context);
  const cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  p.to = cvz_context_input_gradient(context, 0);
  p.accumulate = context->step->inputs[0].accumulate;
  p.frame = cvz_taps_backward_frame(p.slide, p.to, dy);
  p.from = cvz_taps_framed(p.kernels, dy, p.frame, cvz_context_scratch(context));
  for (int group = 0; group < p.sizes.groups; group++, p.weights += p.group_floats) backward_group(&p, group);
  cvz_conv_finish(context, p.to, &epilogue, 0, 0);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"taps", forward, false}, backward_pass = {"taps", backward, false};

cvz_status cvz_conv_taps_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_view x = cvz_taps_stored(cvz_step_input(plan, step, 0)), y = cvz_taps_stored(cvz_step_output(plan, step));
  const int taps = cvz_taps_per_term(&sizes, &step->slide);
  step->forward = &forward_pass;
  cvz_step_want_scratch(step, cvz_taps_framed_floats(x, cvz_taps_forward_frame(&step->slide, taps, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, sizes.filters * sizes.groups,
                           cvz_packs_gemm(packs)->columns, taps, error);
}

cvz_status cvz_conv_taps_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_view x = cvz_taps_stored(cvz_step_input(plan, step, 0)), y = cvz_taps_stored(cvz_step_output(plan, step));
  step->backward = &backward_pass;
  cvz_step_want_scratch(step, cvz_taps_framed_floats(y, cvz_taps_backward_frame(&step->slide, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, sizes.filters * sizes.groups,
                           cvz_packs_gemm(packs)->columns, 0, error);
}
