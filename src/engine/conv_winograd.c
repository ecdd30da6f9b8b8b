#include "engine/conv.h"
#include "kernel/winograd.h"

/* Tiles of 4 x 4 outputs, some of them at a time: transform the inputs, 36 products, transform the outputs. */

#define BATCH_TILES 64 /* many enough to use a plane of weights well, few enough for the second-level cache */
#define PLANE_GAP   16 /* floats between planes, so that they do not share cache sets */

/* Transformed inputs and outputs of a batch. */
typedef struct cvz_winograd_planes {
  float *v, *m;
  size_t v_plane, m_plane;
} cvz_winograd_planes;

static int tiles_along(int length)
{
  return (length + CVZ_WINOGRAD_TILE - 1) / CVZ_WINOGRAD_TILE;
}

static int batch_tiles(int height, int width)
{
  const int tiles = tiles_along(height) * tiles_along(width), batches = (tiles + BATCH_TILES - 1) / BATCH_TILES;
  return (tiles + batches - 1) / batches;
}

static size_t plane_floats(int tiles, int channels)
{
  return (size_t)tiles * (size_t)channels + PLANE_GAP;
}

static void multiply_plane(const cvz_gemm *gemm, const cvz_winograd_planes *planes, int e, int tiles, int inputs,
                           int outputs, const float *weights)
{
  const float *v = planes->v + (size_t)e * planes->v_plane;
  for (int first = 0; first < outputs; first += gemm->columns) {
    const cvz_gemm_call call = {.m = tiles,
                                .n = cvz_conv_block(gemm->columns, first, outputs),
                                .k = inputs,
                                .terms = 1,
                                .a = &v,
                                .lda = (size_t)inputs,
                                .packed = weights + (size_t)first * (size_t)inputs,
                                .c = planes->m + (size_t)e * planes->m_plane + first,
                                .ldc = (size_t)outputs,
                                .next = weights + (size_t)(first + cvz_conv_block(gemm->columns, first, outputs)) *
                                                      (size_t)inputs};
    gemm->multiply(&call);
  }
}

/* y = epilogue(the correlation of x with the transformed kernel) */
static void convolve(const cvz_context *context, cvz_view y, cvz_view x, const int before[2], const float *weights,
                     const cvz_epilogue *epilogue)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const int columns = tiles_along(y.width), tiles = tiles_along(y.height) * columns;
  const int most = batch_tiles(y.height, y.width);
  cvz_winograd_planes planes = {.v_plane = plane_floats(most, x.channels), .m_plane = plane_floats(most, y.channels)};
  planes.v = cvz_context_scratch(context);
  planes.m = planes.v + CVZ_WINOGRAD_POINTS * planes.v_plane;
  cvz_winograd_batch batch = {.columns = columns, .before = {before[0], before[1]}};
  for (batch.first = 0; batch.first < tiles; batch.first += most) {
    batch.count = tiles - batch.first < most ? tiles - batch.first : most;
    batch.plane = planes.v_plane;
    kernels->winograd_input(&batch, planes.v, x);
    for (int e = 0; e < CVZ_WINOGRAD_POINTS; e++)
      multiply_plane(cvz_packs_gemm(context->plan->packs), &planes, e, batch.count, x.channels, y.channels,
                     weights + (size_t)e * (size_t)x.channels * (size_t)y.channels);
    batch.plane = planes.m_plane;
    kernels->winograd_output(&batch, y, planes.m, epilogue);
  }
}

static void forward(const cvz_context *context)
{
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  convolve(context, cvz_context_output(context), cvz_context_input(context, 0), context->step->slide.before,
           cvz_context_pack(context, CVZ_SLOT_FORWARD), &epilogue);
}

/* The correlation of dy with the turned, transposed kernel: what was zeros before is zeros after. */
static void backward(const cvz_context *context)
{
  const int *before = context->step->slide.before;
  cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  epilogue.accumulate = context->step->inputs[0].accumulate;
  convolve(context, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
           (const int[]){2 - before[0], 2 - before[1]}, cvz_context_pack(context, CVZ_SLOT_BACKWARD), &epilogue);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"winograd", forward, false}, backward_pass = {"winograd", backward, false};

static size_t planes_of(cvz_region region, int inputs, int outputs)
{
  const int tiles = batch_tiles(cvz_region_height(region), cvz_region_width(region));
  return CVZ_WINOGRAD_POINTS * (plane_floats(tiles, inputs) + plane_floats(tiles, outputs));
}

static double products(cvz_region region, const cvz_conv_sizes *sizes)
{
  const double tiles = (double)tiles_along(cvz_region_height(region)) * tiles_along(cvz_region_width(region));
  return 2 * tiles * CVZ_WINOGRAD_POINTS * sizes->channels * sizes->filters;
}

cvz_status cvz_conv_winograd_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_region region = cvz_step_output(plan, step)->region;
  step->forward = &forward_pass;
  step->forward_flops = products(region, &sizes);
  cvz_step_want_scratch(step, planes_of(region, sizes.channels, sizes.filters));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_WINOGRAD, sizes.filters,
                           cvz_packs_gemm(packs)->columns, 0, error);
}

cvz_status cvz_conv_winograd_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_region region = cvz_step_input(plan, step, 0)->region;
  step->backward = &backward_pass;
  step->backward_flops = products(region, &sizes);
  cvz_step_want_scratch(step, planes_of(region, sizes.filters, sizes.channels));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_WINOGRAD_BACKWARD, sizes.filters,
                           cvz_packs_gemm(packs)->columns, 0, error);
}
