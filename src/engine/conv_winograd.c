#include "engine/conv.h"
#include "kernel/winograd.h"

/* Tiles of 4 x 4 outputs, some of them at a time: transform the inputs, 36 products, transform the outputs.
 *
 * In bfloat16 the transforms magnify what rounding costs by 4 (to 9e-3 of the outputs). Of a gradient that is little
 * beside what ReLUs cost that change sides, so that the backward pass rounds; forward it would change sides of more. */

#define BATCH_TILES 64 /* many enough to use a plane of weights well, few enough for the second-level cache */
#define PLANE_GAP   16 /* floats between planes, so that they do not share cache sets */

/* Transformed inputs and outputs of a batch. */
typedef struct cvz_winograd_planes {
  float *v, *m;
  size_t v_plane, m_plane;
  uint16_t *rounded; /* room for a plane of inputs in bfloat16; NULL: float32 */
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

static void round_and_multiply_plane(const cvz_bf16 *bf16, const cvz_winograd_planes *planes, int e, int tiles,
                                     int inputs, int outputs, const float *weights)
{
  const cvz_view v = cvz_view_dense(planes->v + (size_t)e * planes->v_plane, 1, tiles, inputs);
  const cvz_view m = cvz_view_dense(planes->m + (size_t)e * planes->m_plane, 1, tiles, outputs);
  const size_t floats = (size_t)inputs * (size_t)outputs / 2;
  cvz_conv_bf16_multiply(bf16, m, v, weights + (size_t)e * floats, planes->rounded);
}

static void multiply_planes(const cvz_context *context, const cvz_winograd_planes *planes, int tiles, int inputs,
                            int outputs, const float *weights)
{
  const cvz_gemm *gemm = cvz_packs_gemm(context->plan->packs);
  for (int e = 0; e < CVZ_WINOGRAD_POINTS; e++)
    if (planes->rounded)
      round_and_multiply_plane(context->plan->bf16, planes, e, tiles, inputs, outputs, weights);
    else
      multiply_plane(gemm, planes, e, tiles, inputs, outputs, weights + (size_t)e * (size_t)inputs * (size_t)outputs);
}

/* y = epilogue(the correlation of x with the transformed kernel) */
static void convolve(const cvz_context *context, cvz_view y, cvz_view x, const int before[2], const float *weights,
                     const cvz_epilogue *epilogue, bool rounds)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const int columns = tiles_along(y.width), tiles = tiles_along(y.height) * columns;
  const int most = batch_tiles(y.height, y.width);
  cvz_winograd_planes planes = {.v_plane = plane_floats(most, x.channels), .m_plane = plane_floats(most, y.channels)};
  planes.v = cvz_context_scratch(context);
  planes.m = planes.v + CVZ_WINOGRAD_POINTS * planes.v_plane;
  if (rounds) planes.rounded = (uint16_t *)(void *)(planes.m + CVZ_WINOGRAD_POINTS * planes.m_plane);
  cvz_winograd_batch batch = {.columns = columns, .before = {before[0], before[1]}};
  for (batch.first = 0; batch.first < tiles; batch.first += most) {
    batch.count = tiles - batch.first < most ? tiles - batch.first : most;
    batch.plane = planes.v_plane;
    kernels->winograd_input(&batch, planes.v, x);
    multiply_planes(context, &planes, batch.count, x.channels, y.channels, weights);
    batch.plane = planes.m_plane;
    kernels->winograd_output(&batch, y, planes.m, epilogue);
  }
}

static void forward(const cvz_context *context)
{
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  convolve(context, cvz_context_output(context), cvz_context_input(context, 0), context->step->slide.before,
           cvz_context_pack(context, CVZ_SLOT_FORWARD), &epilogue, false);
}

/* The correlation of dy with the turned, transposed kernel: what was zeros before is zeros after. */
static void backward_by(const cvz_context *context, bool rounds)
{
  const int *before = context->step->slide.before;
  cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  epilogue.accumulate = context->step->inputs[0].accumulate;
  convolve(context, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
           (const int[]){2 - before[0], 2 - before[1]}, cvz_context_pack(context, CVZ_SLOT_BACKWARD), &epilogue,
           rounds);
  cvz_conv_backward_residual(context);
}

static void backward(const cvz_context *context)
{
  backward_by(context, false);
}

static void backward_bf16(const cvz_context *context)
{
  backward_by(context, true);
}

static const cvz_pass forward_pass = {"winograd", forward, false}, backward_pass = {"winograd", backward, false},
                      backward_bf16_pass = {"winograd bf16", backward_bf16, false};

static size_t planes_of(cvz_region region, int inputs, int outputs)
{
  const int tiles = batch_tiles(cvz_region_height(region), cvz_region_width(region));
  return CVZ_WINOGRAD_POINTS * (plane_floats(tiles, inputs) + plane_floats(tiles, outputs));
}

static size_t rounded_of(cvz_region region, int inputs)
{
  return plane_floats(batch_tiles(cvz_region_height(region), cvz_region_width(region)), inputs) / 2;
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
  const bool rounds = cvz_conv_suits_bf16(plan, &sizes);
  step->backward = rounds ? &backward_bf16_pass : &backward_pass;
  step->backward_flops = products(region, &sizes);
  cvz_step_want_scratch(step, planes_of(region, sizes.filters, sizes.channels) +
                                  (rounds ? rounded_of(region, sizes.filters) : 0));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD,
                           rounds ? CVZ_PACK_WINOGRAD_BACKWARD_BF16 : CVZ_PACK_WINOGRAD_BACKWARD, sizes.filters,
                           rounds ? plan->bf16->columns : cvz_packs_gemm(packs)->columns, 0, error);
}
