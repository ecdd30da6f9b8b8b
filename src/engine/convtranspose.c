#include "engine/step.h"

/* A transposed convolution: every pixel of x: (H, W, C) times the kernel (C, kh * kw * K) gives a window, which is
 * added to y: (OH, OW, K) at its place. Backward is the convolution itself: windows of dy as rows of a matrix, times
 * the kernel as the file has it, (kh * kw * K, C). Some rows of x at a time. */

#define MATRIX_FLOATS (64 * 1024) /* stays in the second-level cache */

static size_t window_floats(const cvz_convtranspose *node)
{
  return (size_t)node->window.kernel[0] * (size_t)node->window.kernel[1] * (size_t)node->filters;
}

/* The convolution slides over the output. */
static cvz_slide slide_of(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_window *window = &cvz_step_node(plan, step)->convtranspose.window;
  const cvz_value *in = cvz_step_input(plan, step, 0), *out = cvz_step_output(plan, step);
  cvz_slide slide;
  for (int axis = 0; axis < 2; axis++) {
    const int length = axis ? out->shape.width : out->shape.height;
    const int first_in = axis ? in->region.x0 : in->region.y0, first_out = axis ? out->region.x0 : out->region.y0;
    slide.kernel[axis] = window->kernel[axis];
    slide.stride[axis] = window->stride[axis];
    slide.dilation[axis] = window->dilation[axis];
    slide.before[axis] = cvz_window_before(window, axis, length) + first_out - first_in * window->stride[axis];
  }
  return slide;
}

static cvz_status plan_convtranspose(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_convtranspose *node = &cvz_step_node(plan, step)->convtranspose;
  const cvz_value *in = cvz_step_input(plan, step, 0);
  const size_t row = (size_t)cvz_region_width(in->region) * window_floats(node);
  const int height = cvz_region_height(in->region), rows = (int)(MATRIX_FLOATS / row);
  step->slide = slide_of(plan, step);
  step->rows = rows < 1 ? 1 : rows < height ? rows : height;
  cvz_step_want_scratch(step, (size_t)step->rows * row);
  const cvz_pack_request forward = {CVZ_PACK_TRANSPOSED, step->node, -1, node->filters, 0, 0};
  const cvz_pack_request backward = {CVZ_PACK_PLAIN, step->node, -1, node->filters, 0, 0};
  CVZ_TRY(cvz_packs_add(packs, &forward, &step->packs[CVZ_SLOT_FORWARD], error));
  return cvz_packs_add(packs, &backward, &step->packs[CVZ_SLOT_BACKWARD], error);
}

static int rows_from(const cvz_context *context, cvz_view x, int first)
{
  return x.height - first < context->step->rows ? x.height - first : context->step->rows;
}

static void forward_rows(const cvz_context *context, cvz_view x, cvz_view y, int first)
{
  const int window = (int)window_floats(&cvz_step_node(context->plan, context->step)->convtranspose);
  const int rows = rows_from(context, x, first);
  float *matrix = cvz_context_scratch(context);
  const float *a = x.data + (size_t)first * x.row;
  const cvz_gemm_call call = {.m = rows * x.width,
                              .n = window,
                              .k = x.channels,
                              .terms = 1,
                              .a = &a,
                              .lda = x.pixel,
                              .packed = cvz_context_pack(context, CVZ_SLOT_FORWARD),
                              .c = matrix,
                              .ldc = (size_t)window};
  cvz_packs_gemm(context->plan->packs)->multiply(&call);
  cvz_context_kernels(context)->row2im(&context->step->slide, y, matrix, first, rows, x.width);
}

static void forward_convtranspose(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  cvz_context_kernels(context)->fill(y, 0.0f);
  for (int first = 0; first < x.height; first += context->step->rows) forward_rows(context, x, y, first);
}

static void backward_rows(const cvz_context *context, cvz_view dx, cvz_view dy, int first)
{
  const int window = (int)window_floats(&cvz_step_node(context->plan, context->step)->convtranspose);
  const int rows = rows_from(context, dx, first);
  float *matrix = cvz_context_scratch(context);
  const float *a = matrix;
  cvz_context_kernels(context)->im2row(&context->step->slide, matrix, dy, first, rows, dx.width);
  const cvz_gemm_call call = {.m = rows * dx.width,
                              .n = dx.channels,
                              .k = window,
                              .terms = 1,
                              .a = &a,
                              .lda = (size_t)window,
                              .packed = cvz_context_pack(context, CVZ_SLOT_BACKWARD),
                              .c = dx.data + (size_t)first * dx.row,
                              .ldc = dx.pixel,
                              .accumulate = context->step->inputs[0].accumulate};
  cvz_packs_gemm(context->plan->packs)->multiply(&call);
}

static void backward_convtranspose(const cvz_context *context)
{
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  for (int first = 0; first < dx.height; first += context->step->rows) backward_rows(context, dx, dy, first);
}

const cvz_operator cvz_operator_convtranspose = {.plan = plan_convtranspose,
                                                 .forward = {"row2im", forward_convtranspose, false},
                                                 .backward = {"im2row", backward_convtranspose, false},
                                                 .overwrites = true};
