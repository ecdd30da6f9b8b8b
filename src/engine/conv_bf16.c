#include "engine/conv.h"

/* y = x W, pixel by pixel, as in engine/conv_pointwise.c, with x and W rounded to bfloat16: all products, since a
 * multiply-add of pairs takes half the time of two and looking for zeros would cost what it saves. */

#define LEAST  16 /* channels in or out; below it rounding costs more than it saves */
#define PIXELS 96 /* rounded at a time: many enough to use a block of weights well, few enough for the cache */

bool cvz_conv_suits_bf16(const cvz_plan *plan, const cvz_conv_sizes *sizes)
{
  return plan->bf16 && sizes->groups == 1 && sizes->channels >= LEAST && sizes->filters >= LEAST &&
         sizes->channels % 2 == 0 && sizes->filters % 2 == 0;
}

/* Some rows of pixels and what they are multiplied with. */
typedef struct cvz_bf16_product {
  const cvz_context *context;
  cvz_view to, from;
  const uint16_t *weights;
  bool accumulate;
} cvz_bf16_product;

static int rows_at_once(int width)
{
  return width < PIXELS ? PIXELS / width : 1;
}

/* Pixels that lie evenly, and a block of columns. */
static void multiply_block(const cvz_bf16 *bf16, cvz_view to, const uint16_t *a, int length, const uint16_t *weights,
                           bool accumulate)
{
  const cvz_bf16_call call = {.m = to.height * to.width,
                              .n = to.channels,
                              .k = length,
                              .terms = 1,
                              .a = &a,
                              .lda = (size_t)length,
                              .packed = weights,
                              .c = to.data,
                              .ldc = to.pixel,
                              .accumulate = accumulate};
  bf16->multiply(&call);
}

void cvz_conv_bf16_multiply(const cvz_bf16 *bf16, cvz_view to, cvz_view from, const float *pack, uint16_t *rounded)
{
  const uint16_t *weights = (const uint16_t *)(const void *)pack;
  const size_t length = (size_t)from.channels;
  bf16->round(rounded, (size_t)from.width * length, length, from);
  for (int first = 0; first < to.channels; first += bf16->columns)
    multiply_block(bf16, cvz_view_channels(to, first, cvz_conv_block(bf16->columns, first, to.channels)), rounded,
                   from.channels, weights + (size_t)first * length, false);
}

/* All pixels at once if they lie evenly, else row by row. */
static void multiply_pixels(const cvz_bf16_product *p, cvz_view to, const uint16_t *a, int first)
{
  const cvz_bf16 *bf16 = p->context->plan->bf16;
  const int length = p->from.channels;
  const uint16_t *block = p->weights + (size_t)first * (size_t)length;
  if (cvz_view_even(to)) {
    multiply_block(bf16, to, a, length, block, p->accumulate);
    return;
  }
  for (int y = 0; y < to.height; y++, a += (size_t)to.width * (size_t)length)
    multiply_block(bf16, cvz_view_crop(to, y, 0, 1, to.width), a, length, block, p->accumulate);
}

static void multiply_rows(const cvz_bf16_product *p, const cvz_epilogue *epilogue, int y, int rows)
{
  const cvz_bf16 *bf16 = p->context->plan->bf16;
  const cvz_view to = cvz_view_crop(p->to, y, 0, rows, p->to.width);
  const size_t channels = (size_t)p->from.channels;
  uint16_t *a = (uint16_t *)(void *)cvz_context_scratch(p->context);
  bf16->round(a, (size_t)to.width * channels, channels, cvz_view_crop(p->from, y, 0, rows, p->from.width));
  for (int first = 0; first < to.channels; first += bf16->columns) {
    const cvz_view block = cvz_view_channels(to, first, cvz_conv_block(bf16->columns, first, to.channels));
    multiply_pixels(p, block, a, first);
    cvz_conv_finish(p->context, block, epilogue, y, first);
  }
}

static void multiply_band(const cvz_bf16_product *p, const cvz_epilogue *epilogue)
{
  const int most = rows_at_once(p->to.width);
  for (int y = 0, rows; y < p->to.height; y += rows) {
    rows = p->to.height - y < most ? p->to.height - y : most;
    multiply_rows(p, epilogue, y, rows);
  }
}

static const uint16_t *weights(const cvz_context *context, int slot)
{
  return (const uint16_t *)(const void *)cvz_context_pack(context, slot);
}

static void forward(const cvz_context *context)
{
  const cvz_bf16_product p = {context, cvz_context_output(context), cvz_context_part(context, 0),
                              weights(context, CVZ_SLOT_FORWARD), false};
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  multiply_band(&p, &epilogue);
}

static void backward(const cvz_context *context)
{
  const cvz_bf16_product p = {context, cvz_context_part_gradient(context, 0), cvz_context_output_gradient(context),
                              weights(context, CVZ_SLOT_BACKWARD), context->step->inputs[0].accumulate};
  const cvz_epilogue epilogue = cvz_conv_epilogue_rows(cvz_conv_backward_epilogue(context), context->first);
  multiply_band(&p, &epilogue);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"1x1 bf16", forward, true}, backward_pass = {"1x1 bf16", backward, true};

static void want_rounded(const cvz_plan *plan, cvz_step *step, int channels)
{
  const int width = cvz_region_width(cvz_step_output(plan, step)->region);
  cvz_step_want_scratch(step, (size_t)rows_at_once(width) * (size_t)width * ((size_t)channels / 2));
}

cvz_status cvz_conv_bf16_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  step->forward = &forward_pass;
  want_rounded(plan, step, sizes.channels);
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD_BF16, sizes.filters, plan->bf16->columns, 1,
                           error);
}

cvz_status cvz_conv_bf16_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  step->backward = &backward_pass;
  want_rounded(plan, step, sizes.filters);
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD_BF16, sizes.filters, plan->bf16->columns,
                           0, error);
}
