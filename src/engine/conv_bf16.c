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

static void multiply_pixels(const cvz_bf16_product *p, cvz_view to, const uint16_t *a, int first)
{
  const size_t length = (size_t)p->from.channels;
  const cvz_bf16_call call = {.m = to.height * to.width,
                              .n = to.channels,
                              .k = p->from.channels,
                              .terms = 1,
                              .a = &a,
                              .lda = length,
                              .packed = p->weights + (size_t)first * length,
                              .c = to.data,
                              .ldc = to.pixel,
                              .accumulate = p->accumulate};
  p->context->plan->bf16->multiply(&call);
}

/* The block of columns from `first` on, of all pixels at once if they lie evenly. */
static void multiply_block(const cvz_bf16_product *p, cvz_view to, const uint16_t *a, int first)
{
  if (cvz_view_even(to)) {
    multiply_pixels(p, to, a, first);
    return;
  }
  const size_t row = (size_t)to.width * (size_t)p->from.channels;
  for (int y = 0; y < to.height; y++)
    multiply_pixels(p, cvz_view_crop(to, y, 0, 1, to.width), a + (size_t)y * row, first);
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
    multiply_block(p, block, a, first);
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
