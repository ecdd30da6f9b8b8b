#include "engine/step.h"

/* Convolution as a matrix product: windows as rows (im2row), times the kernel as (kh * kw * C, filters).
 *
 * x: (H, W, C), y: (OH, OW, K), kernel: (kh, kw, C / groups, K). y = clamp(x * kernel + bias). */

#define MATRIX_FLOATS (64 * 1024) /* an im2row matrix of a few output rows stays in the second-level cache */
#define MATRIX_ROWS   48          /* and has enough rows for the product to run at full speed */

/* A 1 x 1 convolution on all pixels of x needs no matrix: x is one. */
static bool is_pointwise(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_slide *s = &step->slide;
  const cvz_value *in = cvz_step_input(plan, step, 0), *out = cvz_step_output(plan, step);
  return s->kernel[0] == 1 && s->kernel[1] == 1 && s->stride[0] == 1 && s->stride[1] == 1 && !s->before[0] &&
         !s->before[1] && cvz_step_node(plan, step)->conv.groups == 1 &&
         cvz_region_height(in->region) == cvz_region_height(out->region) &&
         cvz_region_width(in->region) == cvz_region_width(out->region);
}

static int group_channels(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_step_input(plan, step, 0)->shape.channels / cvz_step_node(plan, step)->conv.groups;
}

static size_t window_floats(const cvz_plan *plan, const cvz_step *step)
{
  return (size_t)step->slide.kernel[0] * (size_t)step->slide.kernel[1] * (size_t)group_channels(plan, step);
}

static void choose_rows(const cvz_plan *plan, cvz_step *step)
{
  const cvz_value *out = cvz_step_output(plan, step);
  const int width = cvz_region_width(out->region), height = cvz_region_height(out->region);
  const size_t row = (size_t)width * window_floats(plan, step);
  int rows = (int)(MATRIX_FLOATS / row);
  if (rows * width < MATRIX_ROWS) rows = (MATRIX_ROWS + width - 1) / width;
  step->rows = rows < height ? rows : height;
  step->scratch = out->narrow ? 2 * window_floats(plan, step) : (size_t)step->rows * row;
}

static const cvz_window pointwise = {{1, 1}, {1, 1}, {1, 1}, CVZ_VALID};

static cvz_status plan_conv(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_node *node = cvz_step_node(plan, step);
  const bool dense = plan->graph->weights[node->conv.kernel].rank == 2;
  step->slide = cvz_step_slide(plan, step, dense ? &pointwise : &node->conv.window);
  choose_rows(plan, step);
  const int filters = node->conv.filters;
  CVZ_TRY(cvz_packs_add(packs, CVZ_PACK_OFFSET, step->node, step->affine, filters, &step->packs[2], error));
  if (cvz_step_output(plan, step)->narrow)
    return cvz_packs_add(packs, CVZ_PACK_CONV_FILTER, step->node, step->affine, filters, &step->packs[0], error);
  CVZ_TRY(cvz_packs_add(packs, CVZ_PACK_CONV, step->node, step->affine, filters, &step->packs[0], error));
  return cvz_packs_add(packs, CVZ_PACK_CONV_BACKWARD, step->node, step->affine, filters, &step->packs[1], error);
}

/* One group's channels of output rows first .. first + rows - 1. */
typedef struct cvz_conv_part {
  int first, rows, pixels;
  int matrix_columns, filters;
  const float *weights;
  cvz_view x, y;
} cvz_conv_part;

static cvz_conv_part part_of(const cvz_context *context, cvz_view x, cvz_view y, int pack, int group, int first)
{
  const cvz_step *step = context->step;
  const cvz_node *node = cvz_step_node(context->plan, step);
  const int groups = node->conv.groups, channels = x.channels / groups, filters = y.channels / groups;
  const size_t stride =
      cvz_packs_group_count(context->plan->packs, node, pack ? CVZ_PACK_CONV_BACKWARD : CVZ_PACK_CONV);
  cvz_conv_part part = {.first = first, .filters = filters};
  part.rows = y.height - first < step->rows ? y.height - first : step->rows;
  part.pixels = part.rows * y.width;
  part.matrix_columns = step->slide.kernel[0] * step->slide.kernel[1] * channels;
  part.weights = cvz_context_pack(context, pack) + (size_t)group * stride;
  part.x = cvz_view_channels(x, group * channels, channels);
  part.y = cvz_view_channels(cvz_view_crop(y, first, 0, part.rows, y.width), group * filters, filters);
  return part;
}

static void forward_part(const cvz_context *context, const cvz_conv_part *part)
{
  const cvz_gemm *gemm = cvz_packs_gemm(context->plan->packs);
  float *matrix = cvz_context_scratch(context);
  cvz_context_kernels(context)->im2row(&context->step->slide, matrix, part->x, part->first, part->rows, part->y.width);
  gemm->multiply(part->pixels, part->filters, part->matrix_columns, matrix, (size_t)part->matrix_columns, part->weights,
                 part->y.data, part->y.pixel, false);
}

static void forward_pointwise(const cvz_context *context, cvz_view x, cvz_view y)
{
  cvz_packs_gemm(context->plan->packs)
      ->multiply(y.height * y.width, y.channels, x.channels, x.data, x.pixel, cvz_context_pack(context, 0), y.data,
                 y.pixel, false);
}

/* One channel: a row of dot products with its filter. */
static void forward_narrow(const cvz_context *context, cvz_view x, cvz_view y)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const size_t count = window_floats(context->plan, context->step);
  const float *filter = cvz_context_pack(context, 0) + (size_t)context->channel * count;
  float *window = cvz_context_scratch(context);
  cvz_slide slide = context->step->slide;
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      slide.before[1] = context->step->slide.before[1] - j * slide.stride[1];
      kernels->im2row(&slide, window, x, i, 1, 1);
      y.data[(size_t)i * y.row + (size_t)j * y.pixel] = kernels->dot(window, filter, count);
    }
}

static void forward_conv(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const bool one = cvz_step_output(context->plan, context->step)->narrow;
  const int groups = cvz_step_node(context->plan, context->step)->conv.groups;
  if (one)
    forward_narrow(context, x, y);
  else if (is_pointwise(context->plan, context->step))
    forward_pointwise(context, x, y);
  else
    for (int group = 0; group < groups; group++)
      for (int first = 0; first < y.height; first += context->step->rows) {
        const cvz_conv_part part = part_of(context, x, y, 0, group, first);
        forward_part(context, &part);
      }
  const float *offset = cvz_context_pack(context, 2) + (one ? context->channel : 0);
  cvz_context_kernels(context)->finish(y, &(cvz_epilogue){.offset = offset, .clamp = context->step->clamp});
}

static void backward_part(const cvz_context *context, const cvz_conv_part *part)
{
  const cvz_gemm *gemm = cvz_packs_gemm(context->plan->packs);
  float *matrix = cvz_context_scratch(context);
  gemm->multiply(part->pixels, part->matrix_columns, part->filters, part->y.data, part->y.pixel, part->weights, matrix,
                 (size_t)part->matrix_columns, false);
  cvz_context_kernels(context)->row2im(&context->step->slide, part->x, matrix, part->first, part->rows, part->y.width);
}

static void backward_pointwise(const cvz_context *context, cvz_view dx, cvz_view dy, bool accumulate)
{
  cvz_packs_gemm(context->plan->packs)
      ->multiply(dy.height * dy.width, dx.channels, dy.channels, dy.data, dy.pixel, cvz_context_pack(context, 1),
                 dx.data, dx.pixel, accumulate);
}

static void backward_narrow(const cvz_context *context, cvz_view dx, cvz_view dy)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const size_t count = window_floats(context->plan, context->step);
  const float *filter = cvz_context_pack(context, 0) + (size_t)context->channel * count;
  float *window = cvz_context_scratch(context);
  cvz_slide slide = context->step->slide;
  for (int i = 0; i < dy.height; i++)
    for (int j = 0; j < dy.width; j++) {
      const float gradient = dy.data[(size_t)i * dy.row + (size_t)j * dy.pixel];
      if (gradient == 0.0f) continue;
      kernels->scale(window, filter, gradient, count);
      slide.before[1] = context->step->slide.before[1] - j * slide.stride[1];
      kernels->row2im(&slide, dx, window, i, 1, 1);
    }
}

static void backward_conv(const cvz_context *context)
{
  const cvz_step *step = context->step;
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const bool accumulate = step->inputs[0].accumulate, one = cvz_step_output(context->plan, step)->narrow;
  if (!one && is_pointwise(context->plan, step)) {
    backward_pointwise(context, dx, dy, accumulate);
    return;
  }
  if (!accumulate) cvz_context_kernels(context)->fill(dx, 0.0f);
  if (one) {
    backward_narrow(context, dx, dy);
    return;
  }
  for (int group = 0; group < cvz_step_node(context->plan, step)->conv.groups; group++)
    for (int first = 0; first < dy.height; first += step->rows) {
      const cvz_conv_part part = part_of(context, dx, dy, 1, group, first);
      backward_part(context, &part);
    }
}

const cvz_operator cvz_operator_conv = {
    .plan = plan_conv, .forward = forward_conv, .backward = backward_conv, .overwrites = true};
