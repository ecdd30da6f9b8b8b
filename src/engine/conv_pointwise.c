#include "engine/conv.h"

/* y = x W, pixel by pixel: x (pixels, C), W (C, K). dx = dy W'. */

/* Long sums are cut into terms of one length, so that no generated kernel grows out of the instruction cache. */
#define TERM_LENGTH 512
#define TERMS       64

static int term_count(int length)
{
  for (int terms = (length + TERM_LENGTH - 1) / TERM_LENGTH; terms <= TERMS; terms++)
    if (length % terms == 0) return terms;
  return 1;
}

/* Everything that the products of one band have in common. */
typedef struct cvz_product {
  const cvz_gemm *gemm;
  cvz_view to, from;
  const float *weights;
  bool accumulate;
  const float *a[TERMS];
  int terms;
} cvz_product;

static void multiply_block(const cvz_product *p, int first, int columns)
{
  const cvz_gemm_call call = {.m = p->to.height * p->to.width,
                              .n = columns,
                              .k = p->from.channels / p->terms,
                              .terms = p->terms,
                              .a = p->a,
                              .lda = p->from.pixel,
                              .packed = p->weights + (size_t)first * (size_t)p->from.channels,
                              .c = p->to.data + first,
                              .ldc = p->to.pixel,
                              .accumulate = p->accumulate};
  p->gemm->multiply(&call);
}

/* to (+)= from W, some output channels at a time, each finished while they are in the first-level cache. */
static void multiply(const cvz_context *context, cvz_view to, cvz_view from, const float *weights, bool accumulate,
                     const cvz_epilogue *epilogue)
{
  cvz_product p = {
      cvz_packs_gemm(context->plan->packs), to, from, weights, accumulate, {NULL}, term_count(from.channels)};
  for (int i = 0; i < p.terms; i++) p.a[i] = from.data + (size_t)i * (size_t)(from.channels / p.terms);
  const int most = p.gemm->columns < CVZ_BITS_WORD ? CVZ_BITS_WORD : p.gemm->columns;
  for (int first = 0, width; first < to.channels; first += width) {
    width = cvz_conv_block(most, first, to.channels);
    for (int block = first; block < first + width; block += p.gemm->columns)
      multiply_block(&p, block, cvz_conv_block(p.gemm->columns, block, first + width));
    cvz_conv_finish(context, cvz_view_channels(to, first, width), epilogue, 0, first);
  }
}

static void forward_dense(const cvz_context *context)
{
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  multiply(context, cvz_context_output(context), cvz_context_part(context, 0),
           cvz_context_pack(context, CVZ_SLOT_FORWARD), false, &epilogue);
}

static void backward_dense(const cvz_context *context)
{
  const cvz_epilogue whole = cvz_conv_backward_epilogue(context);
  const cvz_epilogue epilogue = cvz_conv_epilogue_rows(whole, context->first);
  multiply(context, cvz_context_part_gradient(context, 0), cvz_context_output_gradient(context),
           cvz_context_pack(context, CVZ_SLOT_BACKWARD), context->step->inputs[0].accumulate, &epilogue);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"1x1", forward_dense, true}, backward_pass = {"1x1", backward_dense, true};

cvz_status cvz_conv_plan_pointwise(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const int filters = cvz_step_node(plan, step)->conv.filters, columns = cvz_packs_gemm(packs)->columns;
  step->forward = &forward_pass;
  step->backward = &backward_pass;
  CVZ_TRY(cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, filters, columns, 1, error));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, filters, columns, 0, error);
}
