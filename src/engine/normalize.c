#include <math.h>

#include "engine/step.h"

/* y = (x - mean) factor scale + offset. x, y: (H, W, C); scale and offset: (C), of the affine node that is folded in.
 * The statistics are those of each pixel's channels (kernel/normalize.inc), or of a whole map. The channels may be in
 * groups, each by itself. */

static const cvz_normalize *node_of(const cvz_plan *plan, const cvz_step *step)
{
  return &cvz_step_node(plan, step)->normalize;
}

static int groups_of(const cvz_plan *plan, const cvz_step *step)
{
  const int groups = node_of(plan, step)->groups;
  return groups == -1 ? cvz_step_output(plan, step)->shape.channels : groups;
}

static const float *pack_or_null(const cvz_context *context, int slot)
{
  return context->step->affine >= 0 ? cvz_context_pack(context, slot) : NULL;
}

/* Group `group` of some channels, NULL of none. */
static const float *of_group(const float *channels, int group, int width)
{
  return channels ? channels + (size_t)group * (size_t)width : NULL;
}

static cvz_normalization normalization_of(const cvz_context *context)
{
  const cvz_normalize *node = node_of(context->plan, context->step);
  return (cvz_normalization){node->centered, node->length, node->epsilon};
}

/* State: (groups, H, W, 2). */
static float *pixel_state(const cvz_context *context, int group)
{
  const cvz_region out = cvz_step_output(context->plan, context->step)->region;
  const size_t width = (size_t)cvz_region_width(out), height = (size_t)cvz_region_height(out);
  return cvz_context_state(context) + 2 * width * (height * (size_t)group + (size_t)context->first);
}

static void forward_pixels(const cvz_context *context)
{
  const cvz_view x = cvz_context_part(context, 0), y = cvz_context_output(context);
  const cvz_normalization normalization = normalization_of(context);
  const float *scale = pack_or_null(context, CVZ_SLOT_FORWARD), *offset = pack_or_null(context, CVZ_SLOT_OFFSET);
  const int groups = groups_of(context->plan, context->step), width = x.channels / groups;
  for (int g = 0; g < groups; g++)
    cvz_context_kernels(context)->normalize(
        cvz_view_channels(y, g * width, width), cvz_view_channels(x, g * width, width), &normalization,
        of_group(scale, g, width), of_group(offset, g, width), pixel_state(context, g));
}

static void backward_pixels(const cvz_context *context)
{
  const cvz_view dx = cvz_context_part_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const cvz_view x = cvz_context_part(context, 0);
  const cvz_normalization normalization = normalization_of(context);
  const float *scale = pack_or_null(context, CVZ_SLOT_FORWARD);
  const int groups = groups_of(context->plan, context->step), width = x.channels / groups;
  for (int g = 0; g < groups; g++)
    cvz_context_kernels(context)->normalize_backward(
        cvz_view_channels(dx, g * width, width), cvz_view_channels(dy, g * width, width),
        cvz_view_channels(x, g * width, width), &normalization, of_group(scale, g, width), pixel_state(context, g),
        context->step->inputs[0].accumulate);
}

/* ---- Over the whole map. State: shift = -mean, and factor, (C) each. Scratch: the centered map, then numbers (C). */

static const cvz_clamp no_clamp = {1, INFINITY};

static float *channel_scratch(const cvz_context *context, int index)
{
  const cvz_value *in = cvz_step_input(context->plan, context->step, 0);
  return cvz_context_scratch(context) + cvz_value_count(in) + (size_t)index * (size_t)in->shape.channels;
}

static cvz_view centered(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0);
  const cvz_view to = cvz_view_dense(cvz_context_scratch(context), x.height, x.width, x.channels);
  cvz_context_kernels(context)->affine(to, x, NULL, cvz_context_state(context), no_clamp, (cvz_bits){0});
  return to;
}

/* Of an input's view those pixels that the output has. */
static cvz_view output_part(const cvz_context *context, cvz_view view)
{
  const cvz_region in = cvz_step_input(context->plan, context->step, 0)->region;
  const cvz_region out = cvz_step_output(context->plan, context->step)->region;
  return cvz_view_crop(view, out.y0 - in.y0, out.x0 - in.x0, cvz_region_height(out), cvz_region_width(out));
}

/* Replaces the numbers of each group's channels by their sum. */
static void sum_groups(const cvz_context *context, float *numbers, int channels)
{
  const int groups = groups_of(context->plan, context->step), width = channels / groups;
  for (int g = 0; g < groups; g++) {
    double sum = 0;
    for (int c = g * width; c < (g + 1) * width; c++) sum += (double)numbers[c];
    for (int c = g * width; c < (g + 1) * width; c++) numbers[c] = (float)sum;
  }
}

static float *zeroed(float *numbers, int channels)
{
  for (int c = 0; c < channels; c++) numbers[c] = 0;
  return numbers;
}

static float elements(const cvz_context *context, cvz_view x)
{
  return (float)x.height * (float)x.width * (float)(x.channels / groups_of(context->plan, context->step));
}

static float factor_of(const cvz_normalize *node, float squares, float count)
{
  if (node->length) return 1.0f / sqrtf(squares > node->epsilon ? squares : node->epsilon);
  return 1.0f / sqrtf(squares / count + node->epsilon);
}

static void forward_map(const cvz_context *context)
{
  const cvz_normalize *node = node_of(context->plan, context->step);
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const float *scale = pack_or_null(context, CVZ_SLOT_FORWARD), count = elements(context, x);
  float *shift = zeroed(cvz_context_state(context), x.channels), *factor = zeroed(shift + x.channels, x.channels);
  if (node->centered) kernels->pixel_sum(shift, x, -1.0f / count);
  sum_groups(context, shift, x.channels);
  const cvz_view h = centered(context);
  kernels->pixel_dot(factor, h, h);
  sum_groups(context, factor, x.channels);
  float *product = channel_scratch(context, 0);
  for (int c = 0; c < x.channels; c++) {
    factor[c] = factor_of(node, factor[c], count);
    product[c] = factor[c] * (scale ? scale[c] : 1);
  }
  kernels->affine(y, output_part(context, h), product, pack_or_null(context, CVZ_SLOT_OFFSET), no_clamp, (cvz_bits){0});
}

/* From the sums of g and of g (x - mean) over each channel to what dx is made of, dx = dy * direct + (x - mean) * slope
 * + level: `direct` takes the place of the first, `slope` and `level` of the others. */
static void combine(const cvz_context *context, float *plain, float *product, float *direct, int channels, float count)
{
  const cvz_normalize *node = node_of(context->plan, context->step);
  const float *scale = pack_or_null(context, CVZ_SLOT_FORWARD), *factor = cvz_context_state(context) + channels;
  const float share = node->length ? 1.0f : 1.0f / count;
  for (int c = 0; c < channels; c++) {
    direct[c] = scale ? scale[c] : 1;
    plain[c] *= direct[c];
    product[c] *= direct[c];
  }
  sum_groups(context, plain, channels);
  sum_groups(context, product, channels);
  for (int c = 0; c < channels; c++) {
    const bool least = node->length && factor[c] >= 1.0f / sqrtf(node->epsilon);
    plain[c] = node->centered ? -factor[c] * share * plain[c] : 0.0f;
    product[c] = least ? 0.0f : -factor[c] * factor[c] * factor[c] * share * product[c];
    direct[c] *= factor[c];
  }
}

static void backward_map(const cvz_context *context)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const cvz_view h = centered(context);
  float *plain = zeroed(channel_scratch(context, 0), h.channels);
  float *product = zeroed(channel_scratch(context, 1), h.channels), *direct = channel_scratch(context, 2);
  kernels->pixel_sum(plain, dy, 1);
  kernels->pixel_dot(product, dy, output_part(context, h));
  combine(context, plain, product, direct, h.channels, elements(context, h));
  kernels->affine(h, h, product, plain, no_clamp, (cvz_bits){0});
  kernels->copy(dx, h, context->step->inputs[0].accumulate);
  kernels->affine_backward(output_part(context, dx), dy, direct, (cvz_bits){0}, true);
}

static const cvz_pass forward_by_map = {"normalize map", forward_map, false},
                      backward_by_map = {"normalize map", backward_map, false};

static cvz_status plan_normalize(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_value *in = cvz_step_input(plan, step, 0), *out = cvz_step_output(plan, step);
  const size_t channels = (size_t)in->shape.channels;
  if (node_of(plan, step)->spatial) {
    step->forward = &forward_by_map;
    step->backward = &backward_by_map;
    step->state = 2 * channels;
    cvz_step_want_scratch(step, cvz_value_count(in) + 3 * channels);
  } else {
    step->state = 2 * (size_t)groups_of(plan, step) * cvz_value_count(out) / channels;
  }
  if (step->affine < 0) return CVZ_OK;
  const cvz_pack_request scale = {CVZ_PACK_SCALE, step->affine, -1, (int)channels, 0, 0};
  const cvz_pack_request offset = {CVZ_PACK_OFFSET, step->affine, -1, (int)channels, 0, 0};
  CVZ_TRY(cvz_packs_add(packs, &scale, &step->packs[CVZ_SLOT_FORWARD], error));
  return cvz_packs_add(packs, &offset, &step->packs[CVZ_SLOT_OFFSET], error);
}

const cvz_operator cvz_operator_normalize = {.plan = plan_normalize,
                                             .forward = {"normalize", forward_pixels, true},
                                             .backward = {"normalize", backward_pixels, true},
                                             .reads_inputs = true,
                                             .overwrites = true};
