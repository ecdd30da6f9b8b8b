#include "engine/conv.h"

/* y = x W, pixel by pixel, as in engine/conv_pointwise.c, on tiles: all products, since looking for zeros would cost
 * what it saves. */

#define LEAST 32 /* channels in or out, and pixels */

/* Weights; skipping half of the products of more is as fast, and faster in trained networks, which have fewer. */
#define MOST_SPARSE (64 * 1024)

bool cvz_conv_suits_tiles(const cvz_plan *plan, const cvz_step *step, const cvz_conv_sizes *sizes, bool sparse)
{
  const cvz_region region = cvz_step_output(plan, step)->region;
  const int pixels = cvz_region_height(region) * cvz_region_width(region);
  return cvz_tiles_of(plan->kernels->isa) && sizes->groups == 1 && sizes->channels >= LEAST &&
         sizes->filters >= LEAST && pixels >= LEAST && !(sparse && sizes->channels * sizes->filters > MOST_SPARSE);
}

/* Rows of pixels and what they are multiplied with. */
typedef struct cvz_tiles_product {
  const cvz_context *context;
  cvz_view to, from;
  const float *weights;
  bool accumulate;
} cvz_tiles_product;

static void multiply_rows(const cvz_tiles_product *p, const cvz_epilogue *epilogue, int y, int rows)
{
  const cvz_view to = cvz_view_crop(p->to, y, 0, rows, p->to.width);
  const cvz_tiles_call call = {.m = rows * to.width,
                               .n = to.channels,
                               .k = p->from.channels,
                               .a = cvz_view_crop(p->from, y, 0, rows, to.width).data,
                               .lda = p->from.pixel,
                               .packed = p->weights,
                               .c = to.data,
                               .ldc = to.pixel,
                               .accumulate = p->accumulate};
  cvz_tiles_of(p->context->plan->kernels->isa)->multiply(&call);
  cvz_conv_finish(p->context, to, epilogue, y, 0);
}

/* All of the band at once if its pixels lie evenly, else row by row. */
static void multiply_band(const cvz_tiles_product *p, const cvz_epilogue *epilogue)
{
  const bool even = cvz_view_even(p->from) && cvz_view_even(p->to);
  const int rows = even ? p->to.height : 1;
  for (int y = 0; y < p->to.height; y += rows) multiply_rows(p, epilogue, y, rows);
}

static void forward(const cvz_context *context)
{
  const cvz_tiles_product p = {context, cvz_context_output(context), cvz_context_part(context, 0),
                               cvz_context_pack(context, CVZ_SLOT_FORWARD), false};
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  multiply_band(&p, &epilogue);
}

static void backward(const cvz_context *context)
{
  const cvz_tiles_product p = {context, cvz_context_part_gradient(context, 0), cvz_context_output_gradient(context),
                               cvz_context_pack(context, CVZ_SLOT_BACKWARD), context->step->inputs[0].accumulate};
  const cvz_epilogue epilogue = cvz_conv_epilogue_rows(cvz_conv_backward_epilogue(context), context->first);
  multiply_band(&p, &epilogue);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"1x1 tiles", forward, true}, backward_pass = {"1x1 tiles", backward, true};

cvz_status cvz_conv_tiles_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const int filters = cvz_conv_sizes_of(plan, step).filters;
  step->forward = &forward_pass;
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD_TILES, filters, filters, 1, error);
}

cvz_status cvz_conv_tiles_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  step->backward = &backward_pass;
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD_TILES, sizes.filters, sizes.channels, 0,
                           error);
}
