#include "engine/conv.h"
#include "kernel/winograd.h"

/* The first layer of many networks, 7 x 7 of stride 2 on 3 channels. Forward it is a 4 x 4 convolution of stride 1 on
 * blocks of 2 x 2 pixels, Winograd's F(3x3, 4x4). Backward most of dy is zero, since a max pool or a ReLU follows: what
 * is not is scattered. */

#define BATCH_TILES 48
#define TILE        CVZ_WINOGRAD_STRIDE2_TILE
#define POINTS      36
#define PLANE_GAP   16

static int tiles_along(int length)
{
  return (length + TILE - 1) / TILE;
}

static size_t plane_floats(int channels)
{
  return (size_t)BATCH_TILES * (size_t)channels + PLANE_GAP;
}

static void multiply_planes(const cvz_context *context, int tiles, int inputs, int outputs, const float *v, float *m)
{
  const cvz_gemm *gemm = cvz_packs_gemm(context->plan->packs);
  const float *weights = cvz_context_pack(context, CVZ_SLOT_FORWARD);
  for (int e = 0; e < POINTS; e++, v += plane_floats(inputs), m += plane_floats(outputs))
    for (int first = 0, width; first < outputs; first += width) {
      width = cvz_conv_block(gemm->columns, first, outputs);
      const cvz_gemm_call call = {.m = tiles,
                                  .n = width,
                                  .k = inputs,
                                  .terms = 1,
                                  .a = &v,
                                  .lda = (size_t)inputs,
                                  .packed = weights,
                                  .c = m + first,
                                  .ldc = (size_t)outputs};
      gemm->multiply(&call);
      weights += (size_t)inputs * (size_t)width;
    }
}

static void forward(const cvz_context *context)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  const int *before = context->step->slide.before, inputs = 4 * x.channels;
  float *v = cvz_context_scratch(context), *m = v + POINTS * plane_floats(inputs);
  cvz_winograd_batch batch = {.tile = TILE, .columns = tiles_along(y.width), .before = {before[0], before[1]}};
  const int tiles = tiles_along(y.height) * batch.columns;
  for (batch.first = 0; batch.first < tiles; batch.first += BATCH_TILES) {
    batch.count = cvz_conv_block(BATCH_TILES, batch.first, tiles);
    batch.plane = plane_floats(inputs);
    kernels->winograd_stride2_input(&batch, v, x);
    multiply_planes(context, batch.count, inputs, y.channels, v, m);
    batch.plane = plane_floats(y.channels);
    kernels->winograd_output(&batch, y, m, &epilogue);
  }
}

static const cvz_pass forward_pass = {"winograd stem", forward, false};

cvz_status cvz_conv_stem_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_region out = cvz_step_output(plan, step)->region;
  const int inputs = 4 * sizes.channels;
  step->forward = &forward_pass;
  step->forward_flops =
      2.0 * POINTS * tiles_along(cvz_region_height(out)) * tiles_along(cvz_region_width(out)) * inputs * sizes.filters;
  cvz_step_want_scratch(step, POINTS * (plane_floats(inputs) + plane_floats(sizes.filters)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_STEM, sizes.filters, cvz_packs_gemm(packs)->columns,
                           0, error);
}

/* dx with room for all windows, from the first one's corner on. */
static cvz_view windows_of(const cvz_slide *s, cvz_view dx, cvz_view dy, float *to)
{
  int sides[2];
  for (int axis = 0; axis < 2; axis++) {
    const int length = axis ? dx.width : dx.height, outputs = axis ? dy.width : dy.height;
    const int reach = (outputs - 1) * s->stride[axis] + s->kernel[axis], end = length + s->before[axis];
    sides[axis] = reach > end ? reach : end;
  }
  return cvz_view_dense(to, sides[0], sides[1], dx.channels);
}

/* What lies before the first window has no gradient. */
static void copy_windows(const cvz_context *context, cvz_view dx, cvz_view windows)
{
  const int *before = context->step->slide.before;
  const int y = before[0] < 0 ? -before[0] : 0, x = before[1] < 0 ? -before[1] : 0;
  const bool accumulate = context->step->inputs[0].accumulate;
  if ((y || x) && !accumulate) cvz_context_kernels(context)->fill(dx, 0.0f);
  const cvz_view part = cvz_view_crop(dx, y, x, dx.height - y, dx.width - x);
  cvz_context_kernels(context)->copy(
      part, cvz_view_crop(windows, y ? 0 : before[0], x ? 0 : before[1], part.height, part.width), accumulate);
}

static void backward(const cvz_context *context)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const cvz_slide *slide = &context->step->slide;
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const cvz_view windows = windows_of(slide, dx, dy, cvz_context_scratch(context));
  const cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  kernels->fill(windows, 0.0f);
  kernels->scatter(slide, windows, dy, cvz_context_pack(context, CVZ_SLOT_BACKWARD));
  copy_windows(context, dx, windows);
  cvz_conv_finish(context, dx, &epilogue, 0, 0);
  cvz_conv_backward_residual(context);
}

static const cvz_pass backward_pass = {"scatter", backward, false};

static cvz_view stored(const cvz_value *value)
{
  return cvz_view_dense(NULL, cvz_region_height(value->region), cvz_region_width(value->region), value->shape.channels);
}

cvz_status cvz_conv_scatter_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const int width = plan->kernels->width;
  const cvz_view windows =
      windows_of(&step->slide, stored(cvz_step_input(plan, step, 0)), stored(cvz_step_output(plan, step)), NULL);
  step->backward = &backward_pass;
  cvz_step_want_scratch(step, (size_t)windows.height * windows.row + (size_t)width);
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_SCATTER, sizes.filters,
                           (int)cvz_scatter_row(sizes.kernel[1] * sizes.channels, width), 0, error);
}
