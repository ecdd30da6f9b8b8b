#include "engine/conv.h"

/* Windows as rows of a matrix (im2row), times the kernel as (kh * kw * C, K), some output rows at a time. */

#define MATRIX_FLOATS (64 * 1024) /* a matrix of a few output rows stays in the second-level cache */
#define MATRIX_ROWS   48          /* and has enough rows for the product to run at full speed */

static size_t window_floats(const cvz_conv_sizes *sizes)
{
  return (size_t)sizes->kernel[0] * (size_t)sizes->kernel[1] * (size_t)sizes->channels;
}

static void choose_rows(const cvz_plan *plan, cvz_step *step, const cvz_conv_sizes *sizes)
{
  const cvz_value *out = cvz_step_output(plan, step);
  const int width = cvz_region_width(out->region), height = cvz_region_height(out->region);
  const size_t row = (size_t)width * window_floats(sizes);
  int rows = (int)(MATRIX_FLOATS / row);
  if (rows * width < MATRIX_ROWS) rows = (MATRIX_ROWS + width - 1) / width;
  step->rows = rows < height ? rows : height;
  cvz_step_want_scratch(step, (size_t)step->rows * row);
}

/* One group's channels of output rows first .. first + rows - 1. */
typedef struct cvz_rows_part {
  int first, rows;
  int window; /* floats */
  const float *weights;
  cvz_view x, y;
} cvz_rows_part;

static cvz_rows_part part_of(const cvz_context *context, cvz_view x, cvz_view y, int group, int first)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(context->plan, context->step);
  const size_t floats =
      cvz_packs_count(context->plan->packs, context->step->packs[CVZ_SLOT_FORWARD]) / (size_t)sizes.groups;
  cvz_rows_part part = {.first = first, .window = (int)window_floats(&sizes)};
  part.rows = y.height - first < context->step->rows ? y.height - first : context->step->rows;
  part.weights = cvz_context_pack(context, CVZ_SLOT_FORWARD) + (size_t)group * floats;
  part.x = cvz_view_channels(x, group * sizes.channels, sizes.channels);
  part.y = cvz_view_channels(cvz_view_crop(y, first, 0, part.rows, y.width), group * sizes.filters, sizes.filters);
  return part;
}

static void forward_part(const cvz_context *context, const cvz_rows_part *part)
{
  float *matrix = cvz_context_scratch(context);
  const float *a = matrix;
  cvz_context_kernels(context)->im2row(&context->step->slide, matrix, part->x, part->first, part->rows, part->y.width);
  const cvz_gemm_call call = {.m = part->rows * part->y.width,
                              .n = part->y.channels,
                              .k = part->window,
                              .terms = 1,
                              .a = &a,
                              .lda = (size_t)part->window,
                              .packed = part->weights,
                              .c = part->y.data,
                              .ldc = part->y.pixel};
  cvz_packs_gemm(context->plan->packs)->multiply(&call);
}

static void forward(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  for (int group = 0; group < cvz_step_node(context->plan, context->step)->conv.groups; group++)
    for (int first = 0; first < y.height; first += context->step->rows) {
      const cvz_rows_part part = part_of(context, x, y, group, first);
      forward_part(context, &part);
    }
  cvz_conv_finish(context, y, &epilogue, 0, 0);
}

static const cvz_pass forward_pass = {"im2row", forward, false};

cvz_status cvz_conv_rows_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  step->forward = &forward_pass;
  choose_rows(plan, step, &sizes);
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, sizes.filters * sizes.groups, sizes.filters,
                           sizes.kernel[1], error);
}
