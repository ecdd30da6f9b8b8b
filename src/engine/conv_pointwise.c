#include "engine/conv.h"
#include "kernel/tiles.h"

/* y = x W, pixel by pixel: x (pixels, C), W (C, K). dx = dy W'.
 *
 * Where a ReLU made x, or its derivative masks dy, about half of the factors are zero: those products are skipped.
 * Where dx will be masked, only the sums that stay are computed. Which is a static rule, since dense and masked sums
 * differ in their last bits. Where the instruction set has tiles, dense products and small sparse ones are made on
 * them. */

/* Long sums are cut into terms of one length, so that no generated kernel grows out of the instruction cache. */
#define TERM_LENGTH 1024
#define TERMS       64

#define MASKED_LEAST 128 /* length of a sum that is worth deciding about one by one */

#define TILES_LEAST 32 /* channels in or out, and pixels */

/* Weights; skipping half of the products of more is as fast as tiles, and faster in trained networks, which have fewer
 * numbers that are not zero. */
#define TILES_MOST_SPARSE (64 * 1024)

/* Pixels of a band and what they are multiplied with. */
typedef struct cvz_product {
  const cvz_context *context;
  cvz_view to, from;
  const float *weights;
  bool accumulate;
  cvz_bits bits; /* which channels of `from` are not 0, if that is known */
} cvz_product;

static int term_count(int length)
{
  for (int terms = (length + TERM_LENGTH - 1) / TERM_LENGTH; terms <= TERMS; terms++)
    if (length % terms == 0) return terms;
  return 1;
}

static int pixels(cvz_view view)
{
  return view.height * view.width;
}

static void dense_block(const cvz_product *p, int first, int columns)
{
  const float *a[TERMS];
  const int terms = term_count(p->from.channels), length = p->from.channels / terms;
  for (int i = 0; i < terms; i++) a[i] = p->from.data + (size_t)i * (size_t)length;
  const cvz_gemm_call call = {.m = pixels(p->to),
                              .n = columns,
                              .k = length,
                              .terms = terms,
                              .a = a,
                              .lda = p->from.pixel,
                              .packed = p->weights + (size_t)first * (size_t)p->from.channels,
                              .c = p->to.data + first,
                              .ldc = p->to.pixel,
                              .accumulate = p->accumulate,
                              .next = p->weights + (size_t)(first + columns) * (size_t)p->from.channels};
  cvz_packs_gemm(p->context->plan->packs)->multiply(&call);
}

static void multiply_dense(const cvz_product *p, const cvz_epilogue *epilogue)
{
  const int columns = cvz_packs_gemm(p->context->plan->packs)->columns;
  const int most = columns < CVZ_BITS_WORD ? CVZ_BITS_WORD : columns;
  for (int first = 0, width; first < p->to.channels; first += width) {
    width = cvz_conv_block(most, first, p->to.channels);
    for (int block = first; block < first + width; block += columns)
      dense_block(p, block, cvz_conv_block(columns, block, first + width));
    cvz_conv_finish(p->context, cvz_view_channels(p->to, first, width), epilogue, 0, first);
  }
}

/* Which numbers of a view are not 0, row by row. */
static cvz_bits find_bits(const cvz_context *context, cvz_view view)
{
  const size_t words = cvz_bits_words(view.channels);
  const cvz_bits bits = {(uint64_t *)(void *)cvz_context_scratch(context), (size_t)view.width * words, words};
  for (int row = 0; row < view.height; row++)
    cvz_context_kernels(context)->nonzero(bits.data + (size_t)row * bits.row, view.width, view.channels,
                                          view.data + (size_t)row * view.row, view.pixel);
  return bits;
}

static void multiply_sparse(const cvz_product *p, const cvz_epilogue *epilogue)
{
  const cvz_kernels *kernels = cvz_context_kernels(p->context);
  const cvz_bits bits = p->bits.data ? p->bits : find_bits(p->context, p->from);
  for (int first = 0, width; first < p->to.channels; first += width) {
    width = cvz_conv_block(kernels->sparse_columns, first, p->to.channels);
    const cvz_sparse_product product = {.rows = p->to.height,
                                        .width = p->to.width,
                                        .channels = p->from.channels,
                                        .columns = width,
                                        .x = p->from.data,
                                        .x_row = p->from.row,
                                        .x_pixel = p->from.pixel,
                                        .bits = bits.data,
                                        .bits_row = bits.row,
                                        .bits_pixel = bits.pixel,
                                        .weights = p->weights + (size_t)first * (size_t)p->from.channels,
                                        .y = p->to.data + first,
                                        .y_row = p->to.row,
                                        .y_pixel = p->to.pixel,
                                        .accumulate = p->accumulate};
    kernels->sparse_multiply(&product);
    cvz_conv_finish(p->context, cvz_view_channels(p->to, first, width), epilogue, 0, first);
  }
}

static void multiply_masked(const cvz_product *p, const cvz_epilogue *epilogue)
{
  cvz_context_kernels(p->context)
      ->masked_multiply(pixels(p->to), p->to.channels, p->from.channels, p->from.data, p->from.pixel,
                        epilogue->kept.data, epilogue->kept.pixel, p->weights, p->to.data, p->to.pixel);
}

static void multiply_tiles(const cvz_product *p, const cvz_epilogue *epilogue)
{
  const cvz_tiles_call call = {.m = pixels(p->to),
                               .n = p->to.channels,
                               .k = p->from.channels,
                               .a = p->from.data,
                               .lda = p->from.pixel,
                               .packed = p->weights,
                               .c = p->to.data,
                               .ldc = p->to.pixel,
                               .accumulate = p->accumulate};
  cvz_tiles_of(p->context->plan->kernels->isa)->multiply(&call);
  cvz_conv_finish(p->context, p->to, epilogue, 0, 0);
}

typedef void cvz_multiply(const cvz_product *product, const cvz_epilogue *epilogue);

/* All of the band at once if its pixels lie evenly, or rows do not matter, else row by row. */
static void multiply_band(const cvz_product *p, const cvz_epilogue *epilogue, cvz_multiply *multiply)
{
  if (multiply == multiply_sparse || (cvz_view_even(p->from) && cvz_view_even(p->to))) {
    multiply(p, epilogue);
    return;
  }
  for (int row = 0; row < p->to.height; row++) {
    cvz_product part = *p;
    part.to = cvz_view_crop(p->to, row, 0, 1, p->to.width);
    part.from = cvz_view_crop(p->from, row, 0, 1, p->from.width);
    const cvz_epilogue part_epilogue = cvz_conv_epilogue_rows(*epilogue, row);
    multiply(&part, &part_epilogue);
  }
}

/* The bits of a ReLU without a bound tell what is not 0. */
static cvz_bits known_bits(const cvz_context *context)
{
  const bool unbounded = cvz_step_input(context->plan, context->step, 0)->bits_tell_zeros;
  return unbounded ? cvz_context_part_bits(context) : (cvz_bits){0};
}

static void forward(const cvz_context *context, cvz_multiply *multiply)
{
  const cvz_product p = {
      context, cvz_context_output(context), cvz_context_part(context, 0), cvz_context_pack(context, CVZ_SLOT_FORWARD),
      false,   known_bits(context)};
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  multiply_band(&p, &epilogue, multiply);
}

static void backward(const cvz_context *context, cvz_multiply *multiply)
{
  const cvz_product p = {context,
                         cvz_context_part_gradient(context, 0),
                         cvz_context_output_gradient(context),
                         cvz_context_pack(context, CVZ_SLOT_BACKWARD),
                         context->step->inputs[0].accumulate,
                         cvz_context_bits(context)};
  const cvz_epilogue epilogue = cvz_conv_epilogue_rows(cvz_conv_backward_epilogue(context), context->first);
  multiply_band(&p, &epilogue, multiply);
  cvz_conv_backward_residual(context);
}

static void forward_dense(const cvz_context *context)
{
  forward(context, multiply_dense);
}

static void forward_sparse(const cvz_context *context)
{
  forward(context, multiply_sparse);
}

static void backward_dense(const cvz_context *context)
{
  backward(context, multiply_dense);
}

static void backward_sparse(const cvz_context *context)
{
  backward(context, multiply_sparse);
}

static void forward_tiles(const cvz_context *context)
{
  forward(context, multiply_tiles);
}

static void backward_tiles(const cvz_context *context)
{
  backward(context, multiply_tiles);
}

/* What the bits clear is cleared in the end, so nobody has to compute it. */
static void backward_masked(const cvz_context *context)
{
  const cvz_product p = {context,
                         cvz_context_part_gradient(context, 0),
                         cvz_context_output_gradient(context),
                         cvz_context_pack(context, CVZ_SLOT_BACKWARD),
                         false,
                         {0}};
  const cvz_epilogue epilogue = {.kept = cvz_context_part_bits(context)};
  multiply_band(&p, &epilogue, multiply_masked);
  cvz_conv_backward_residual(context);
}

static const cvz_pass dense_forward = {"1x1", forward_dense, true}, dense_backward = {"1x1", backward_dense, true},
                      sparse_forward = {"1x1 sparse", forward_sparse, true},
                      sparse_backward = {"1x1 sparse", backward_sparse, true},
                      masked_backward = {"1x1 masked", backward_masked, true},
                      tiles_forward = {"1x1 tiles", forward_tiles, true},
                      tiles_backward = {"1x1 tiles", backward_tiles, true};

/* `sparse`: about half of what is multiplied is expected to be zero. */
static bool suits_tiles(const cvz_plan *plan, const cvz_step *step, const cvz_conv_sizes *sizes, bool sparse)
{
  const cvz_region region = cvz_step_output(plan, step)->region;
  const int pixels = cvz_region_height(region) * cvz_region_width(region);
  return cvz_tiles_of(plan->kernels->isa) && sizes->groups == 1 && sizes->channels >= TILES_LEAST &&
         sizes->filters >= TILES_LEAST && pixels >= TILES_LEAST &&
         !(sparse && sizes->channels * sizes->filters > TILES_MOST_SPARSE);
}

static size_t bits_floats(const cvz_plan *plan, const cvz_step *step, int channels)
{
  const cvz_region region = cvz_step_output(plan, step)->region;
  const size_t all = (size_t)cvz_region_height(region) * (size_t)cvz_region_width(region);
  return all * cvz_bits_words(channels) * (sizeof(uint64_t) / sizeof(float));
}

cvz_status cvz_conv_pointwise_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  if (suits_tiles(plan, step, &sizes, cvz_step_input(plan, step, 0)->sparse)) {
    step->forward = &tiles_forward;
    return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD_TILES, sizes.filters, sizes.filters, 1,
                             error);
  }
  const bool sparse = cvz_conv_suits_sparse(plan, &sizes) && cvz_step_input(plan, step, 0)->sparse;
  const int columns = sparse ? plan->kernels->sparse_columns : cvz_packs_gemm(packs)->columns;
  step->forward = sparse ? &sparse_forward : &dense_forward;
  cvz_step_want_scratch(step, bits_floats(plan, step, sizes.channels));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, sizes.filters, columns, 1, error);
}

cvz_status cvz_conv_pointwise_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  if (suits_tiles(plan, step, &sizes, cvz_step_output(plan, step)->sparse_gradient)) {
    step->backward = &tiles_backward;
    return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD_TILES, sizes.filters, sizes.channels, 0,
                             error);
  }
  const bool suits = cvz_conv_suits_sparse(plan, &sizes),
             sparse = suits && cvz_step_output(plan, step)->sparse_gradient;
  const bool masked =
      suits && !sparse && step->inputs[0].masks && !step->inputs[0].accumulate && sizes.filters >= MASKED_LEAST;
  const int columns = sparse ? plan->kernels->sparse_columns : masked ? 1 : cvz_packs_gemm(packs)->columns;
  step->backward = sparse ? &sparse_backward : masked ? &masked_backward : &dense_backward;
  cvz_step_want_scratch(step, bits_floats(plan, step, sizes.filters));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, sizes.filters, columns, 0, error);
}
