#include "engine/conv.h"

/* y = x W, pixel by pixel: x (pixels, C), W (C, K). dx = dy W'.
 *
 * Where a ReLU made x, or its derivative masks dy, about half of the factors are zero: those products are skipped.
 * Where dx will be masked, only the sums that stay are computed. Which is a static rule, since dense and masked sums
 * differ in their last bits. */

/* Long sums are cut into terms of one length, so that no generated kernel grows out of the instruction cache. */
#define TERM_LENGTH 512
#define TERMS       64

#define SPARSE_LEAST 32  /* channels in or out; below it looking for zeros costs more than they save */
#define MASKED_LEAST 128 /* length of a sum that is worth deciding about one by one */

/* Pixels of a band, as many as lie at one distance from each other, and what they are multiplied with. */
typedef struct cvz_product {
  const cvz_context *context;
  cvz_view to, from;
  const float *weights;
  bool accumulate;
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
                              .accumulate = p->accumulate};
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

static void multiply_sparse(const cvz_product *p, const cvz_epilogue *epilogue)
{
  const cvz_kernels *kernels = cvz_context_kernels(p->context);
  const size_t words = cvz_bits_words(p->from.channels);
  uint64_t *bits = (uint64_t *)(void *)cvz_context_scratch(p->context);
  kernels->nonzero(bits, pixels(p->from), p->from.channels, p->from.data, p->from.pixel);
  for (int first = 0, width; first < p->to.channels; first += width) {
    width = cvz_conv_block(kernels->sparse_columns, first, p->to.channels);
    kernels->sparse_multiply(pixels(p->to), width, p->from.channels, p->from.data, p->from.pixel, bits, words,
                             p->weights + (size_t)first * (size_t)p->from.channels, p->to.data + first, p->to.pixel,
                             p->accumulate);
    cvz_conv_finish(p->context, cvz_view_channels(p->to, first, width), epilogue, 0, first);
  }
}

static void multiply_masked(const cvz_product *p, const cvz_epilogue *epilogue)
{
  cvz_context_kernels(p->context)
      ->masked_multiply(pixels(p->to), p->to.channels, p->from.channels, p->from.data, p->from.pixel,
                        epilogue->kept.data, epilogue->kept.pixel, p->weights, p->to.data, p->to.pixel);
}

typedef void cvz_multiply(const cvz_product *product, const cvz_epilogue *epilogue);

/* All of the band at once if its pixels lie evenly, else row by row. */
static void multiply_band(const cvz_product *p, const cvz_epilogue *epilogue, cvz_multiply *multiply)
{
  if (cvz_view_even(p->from) && cvz_view_even(p->to)) {
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

static void forward(const cvz_context *context, cvz_multiply *multiply)
{
  const cvz_product p = {context, cvz_context_output(context), cvz_context_part(context, 0),
                         cvz_context_pack(context, CVZ_SLOT_FORWARD), false};
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  multiply_band(&p, &epilogue, multiply);
}

static void backward(const cvz_context *context, cvz_multiply *multiply)
{
  const cvz_product p = {context, cvz_context_part_gradient(context, 0), cvz_context_output_gradient(context),
                         cvz_context_pack(context, CVZ_SLOT_BACKWARD), context->step->inputs[0].accumulate};
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

static void backward_masked(const cvz_context *context)
{
  backward(context, multiply_masked);
}

static const cvz_pass dense_forward = {"1x1", forward_dense, true}, dense_backward = {"1x1", backward_dense, true},
                      sparse_forward = {"1x1 sparse", forward_sparse, true},
                      sparse_backward = {"1x1 sparse", backward_sparse, true},
                      masked_backward = {"1x1 masked", backward_masked, true};

static bool suits_sparse(const cvz_plan *plan, const cvz_conv_sizes *sizes)
{
  return plan->kernels->isa != CVZ_ISA_PORTABLE && sizes->channels >= SPARSE_LEAST && sizes->filters >= SPARSE_LEAST;
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
  const bool sparse = suits_sparse(plan, &sizes) && cvz_step_input(plan, step, 0)->sparse;
  const int columns = sparse ? plan->kernels->sparse_columns : cvz_packs_gemm(packs)->columns;
  step->forward = sparse ? &sparse_forward : &dense_forward;
  cvz_step_want_scratch(step, bits_floats(plan, step, sizes.channels));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, sizes.filters, columns, 1, error);
}

cvz_status cvz_conv_pointwise_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  const bool suits = suits_sparse(plan, &sizes), sparse = suits && cvz_step_output(plan, step)->sparse_gradient;
  const bool masked =
      suits && !sparse && step->inputs[0].masks && !step->inputs[0].accumulate && sizes.filters >= MASKED_LEAST;
  const int columns = sparse ? plan->kernels->sparse_columns : masked ? 1 : cvz_packs_gemm(packs)->columns;
  step->backward = sparse ? &sparse_backward : masked ? &masked_backward : &dense_backward;
  cvz_step_want_scratch(step, bits_floats(plan, step, sizes.filters));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, sizes.filters, columns, 0, error);
}
