#include "engine/step.h"

/* y(i0, i1, i2) = x with i_k on axis axes[k]; dx the same way back. x: (H, W, C), y: those permuted. */

static cvz_status plan_transpose(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

/* Where the element (i, j, c) of the output lies in the input: data[i * strides[0] + j * strides[1] + c * strides[2]].
 */
typedef struct cvz_permuted {
  float *data;
  size_t strides[3];
} cvz_permuted;

static cvz_permuted permuted(const cvz_context *context, cvz_view in)
{
  const cvz_region from = cvz_step_input(context->plan, context->step, 0)->region;
  const cvz_region to = cvz_step_output(context->plan, context->step)->region;
  const int *axes = cvz_step_node(context->plan, context->step)->transpose.axes;
  const size_t strides[3] = {in.row, in.pixel, 1};
  const int first_in[3] = {from.y0, from.x0, 0}, first_out[3] = {to.y0, to.x0, 0};
  cvz_permuted p = {in.data, {0}};
  for (int i = 0; i < 3; i++) {
    p.strides[i] = strides[axes[i]];
    p.data += (size_t)(first_out[i] - first_in[axes[i]]) * p.strides[i];
  }
  return p;
}

static void forward_transpose(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context);
  const cvz_permuted x = permuted(context, cvz_context_input(context, 0));
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      float *to = y.data + (size_t)i * y.row + (size_t)j * y.pixel;
      const float *from = x.data + (size_t)i * x.strides[0] + (size_t)j * x.strides[1];
      for (int c = 0; c < y.channels; c++) to[c] = from[(size_t)c * x.strides[2]];
    }
}

static void backward_transpose(const cvz_context *context)
{
  const cvz_view dy = cvz_context_output_gradient(context);
  const cvz_permuted dx = permuted(context, cvz_context_input_gradient(context, 0));
  for (int i = 0; i < dy.height; i++)
    for (int j = 0; j < dy.width; j++) {
      const float *from = dy.data + (size_t)i * dy.row + (size_t)j * dy.pixel;
      float *to = dx.data + (size_t)i * dx.strides[0] + (size_t)j * dx.strides[1];
      for (int c = 0; c < dy.channels; c++) to[(size_t)c * dx.strides[2]] += from[c];
    }
}

const cvz_operator cvz_operator_transpose = {.plan = plan_transpose,
                                             .forward = {"transpose", forward_transpose, false},
                                             .backward = {"transpose", backward_transpose, false}};
