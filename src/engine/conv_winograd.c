#include "engine/conv.h"
#include "kernel/winograd.h"

/* Tiles of 4 x 4 or 6 x 6 outputs, some of them at a time: transform the inputs, multiply, transform the outputs.
 *
 * In bfloat16 the transforms magnify what rounding costs by 4 (to 9e-3 of the outputs). Of a gradient that is little
 * beside what ReLUs cost that change sides, so that the backward pass rounds; forward it would change sides of more. */

#define BATCH_TILES       64 /* many enough to use a plane of weights well, few enough for the second-level cache */
#define BATCH_LARGE_TILES 48
#define LARGE_LEAST       200 /* tiles */
#define LARGE_CHANNELS    64
#define LARGE_SHARE       0.9
#define PLANE_GAP         16 /* floats between planes, so that they do not share cache sets */

/* Transformed inputs and outputs of a batch. */
typedef struct cvz_winograd_planes {
  float *v, *m;
  size_t v_plane, m_plane;
  uint16_t *rounded; /* room for a plane of inputs in bfloat16; NULL: float32 */
} cvz_winograd_planes;

static int tiles_along(int length, int tile)
{
  return (length + tile - 1) / tile;
}

static int tiles_of(int height, int width, int tile)
{
  return tiles_along(height, tile) * tiles_along(width, tile);
}

static double points_of(int height, int width, int tile)
{
  return (double)tiles_of(height, width, tile) * cvz_winograd_points(tile);
}

/* Tiles of 6 x 6 multiply less, where they do not overhang the map much. Their weights are twice as many, so they are
 * for the large maps of networks like VGG, where they save most. Their errors are six times as large: forward, a unit
 * of VGG16 at 224 x 224 chose another maximum of a pool, 23 times as far from a tie as float32 Keras errs. So they are
 * for the gradient, which is linear in its errors, and not in bfloat16, which has enough of its own. */
static int backward_tile(cvz_region region, const cvz_conv_sizes *sizes, bool rounds)
{
  const int height = cvz_region_height(region), width = cvz_region_width(region);
  const bool large = tiles_of(height, width, CVZ_WINOGRAD_LARGE_TILE) >= LARGE_LEAST &&
                     sizes->channels >= LARGE_CHANNELS && sizes->filters >= LARGE_CHANNELS;
  const bool less =
      points_of(height, width, CVZ_WINOGRAD_LARGE_TILE) <= LARGE_SHARE * points_of(height, width, CVZ_WINOGRAD_TILE);
  return large && less && !rounds ? CVZ_WINOGRAD_LARGE_TILE : CVZ_WINOGRAD_TILE;
}

/* Tiles of a batch; all batches have about as many. */
static int batch_tiles(int height, int width, int tile)
{
  const int most = tile == CVZ_WINOGRAD_TILE ? BATCH_TILES : BATCH_LARGE_TILES;
  const int tiles = tiles_of(height, width, tile), batches = (tiles + most - 1) / most;
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

static void multiply_planes(const cvz_context *context, const cvz_winograd_planes *planes, int points, int tiles,
                            int inputs, int outputs, const float *weights)
{
  const cvz_gemm *gemm = cvz_packs_gemm(context->plan->packs);
  for (int e = 0; e < points; e++)
    if (planes->rounded)
      round_and_multiply_plane(context->plan->bf16, planes, e, tiles, inputs, outputs, weights);
    else
      multiply_plane(gemm, planes, e, tiles, inputs, outputs, weights + (size_t)e * (size_t)inputs * (size_t)outputs);
}

/* y = epilogue(the correlation of x with the transformed kernel) */
static void convolve(const cvz_context *context, cvz_view y, cvz_view x, const int before[2], const float *weights,
                     const cvz_epilogue *epilogue, int tile, bool rounds)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const int points = cvz_winograd_points(tile);
  const int tiles = tiles_of(y.height, y.width, tile), most = batch_tiles(y.height, y.width, tile);
  cvz_winograd_planes planes = {.v_plane = plane_floats(most, x.channels), .m_plane = plane_floats(most, y.channels)};
  planes.v = cvz_context_scratch(context);
  planes.m = planes.v + (size_t)points * planes.v_plane;
  if (rounds) planes.rounded = (uint16_t *)(void *)(planes.m + (size_t)points * planes.m_plane);
  cvz_winograd_batch batch = {.tile = tile, .columns = tiles_along(y.width, tile), .before = {before[0], before[1]}};
  for (batch.first = 0; batch.first < tiles; batch.first += most) {
    batch.count = tiles - batch.first < most ? tiles - batch.first : most;
    batch.plane = planes.v_plane;
    kernels->winograd_input(&batch, planes.v, x);
    multiply_planes(context, &planes, points, batch.count, x.channels, y.channels, weights);
    batch.plane = planes.m_plane;
    kernels->winograd_output(&batch, y, planes.m, epilogue);
  }
}

static void forward(const cvz_context *context)
{
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  convolve(context, cvz_context_output(context), cvz_context_input(context, 0), context->step->slide.before,
           cvz_context_pack(context, CVZ_SLOT_FORWARD), &epilogue, CVZ_WINOGRAD_TILE, false);
}

/* The correlation of dy with the turned, transposed kernel: what was zeros before is zeros after. */
static void backward_by(const cvz_context *context, int tile, bool rounds)
{
  const int *before = context->step->slide.before;
  cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  epilogue.accumulate = context->step->inputs[0].accumulate;
  convolve(context, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
           (const int[]){2 - before[0], 2 - before[1]}, cvz_context_pack(context, CVZ_SLOT_BACKWARD), &epilogue, tile,
           rounds);
  cvz_conv_backward_residual(context);
}

static void backward(const cvz_context *context)
{
  backward_by(context, CVZ_WINOGRAD_TILE, false);
}

static void large_backward(const cvz_context *context)
{
  backward_by(context, CVZ_WINOGRAD_LARGE_TILE, false);
}

static void backward_bf16(const cvz_context *context)
{
  backward_by(context, CVZ_WINOGRAD_TILE, true);
}

static const cvz_pass forward_pass = {"winograd", forward, false}, backward_pass = {"winograd", backward, false};
static const cvz_pass large_backward_pass = {"winograd 6x6", large_backward, false};
static const cvz_pass backward_bf16_pass = {"winograd bf16", backward_bf16, false};

static size_t rounded_of(cvz_region region, int tile, int inputs)
{
  return plane_floats(batch_tiles(cvz_region_height(region), cvz_region_width(region), tile), inputs) / 2;
}

static size_t planes_of(cvz_region region, int tile, int inputs, int outputs)
{
  const int tiles = batch_tiles(cvz_region_height(region), cvz_region_width(region), tile);
  return (size_t)cvz_winograd_points(tile) * (plane_floats(tiles, inputs) + plane_floats(tiles, outputs));
}

static double products(cvz_region region, int tile, const cvz_conv_sizes *sizes)
{
  return 2 * points_of(cvz_region_height(region), cvz_region_width(region), tile) * sizes->channels * sizes->filters;
}

cvz_status cvz_conv_winograd_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_region region = cvz_step_output(plan, step)->region;
  const int tile = CVZ_WINOGRAD_TILE;
  step->forward = &forward_pass;
  step->forward_flops = products(region, tile, &sizes);
  cvz_step_want_scratch(step, planes_of(region, tile, sizes.channels, sizes.filters));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_WINOGRAD, sizes.filters,
                           cvz_packs_gemm(packs)->columns, tile, error);
}

cvz_status cvz_conv_winograd_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const cvz_region region = cvz_step_input(plan, step, 0)->region;
  const bool rounds = cvz_conv_suits_bf16(plan, &sizes);
  const int tile = backward_tile(region, &sizes, rounds);
  step->backward = rounds ? &backward_bf16_pass : tile == CVZ_WINOGRAD_TILE ? &backward_pass : &large_backward_pass;
  step->backward_flops = products(region, tile, &sizes);
  cvz_step_want_scratch(step, planes_of(region, tile, sizes.filters, sizes.channels) +
                                  (rounds ? rounded_of(region, tile, sizes.filters) : 0));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD,
                           rounds ? CVZ_PACK_WINOGRAD_BACKWARD_BF16 : CVZ_PACK_WINOGRAD_BACKWARD, sizes.filters,
                           rounds ? plan->bf16->columns : cvz_packs_gemm(packs)->columns, tile, error);
}
