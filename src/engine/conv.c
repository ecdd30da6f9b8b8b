#include "engine/conv.h"

#include <math.h>

#include "engine/taps.h"
#include "kernel/winograd.h"

#define WINOGRAD_LEAST    8  /* side of a map; below it the tiles' overlap costs more than they save */
#define SPARSE_LEAST      32 /* channels in or out; below it looking for zeros costs more than they save */
#define WINOGRAD_CHANNELS 16 /* below it the transforms cost more than the products save */

cvz_status cvz_conv_add_pack(cvz_step *step, cvz_packs *packs, int slot, cvz_pack_kind kind, int channels, int columns,
                             int length, cvz_error *error)
{
  const cvz_pack_request request = {kind, step->node, step->affine, channels, columns, length};
  return cvz_packs_add(packs, &request, &step->packs[slot], error);
}

cvz_conv_sizes cvz_conv_sizes_of(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_blocks_sizes(plan->graph, cvz_step_node(plan, step));
}

static bool is_square(const cvz_slide *slide, int kernel)
{
  for (int axis = 0; axis < 2; axis++)
    if (slide->kernel[axis] != kernel || slide->stride[axis] != 1 || slide->dilation[axis] != 1) return false;
  return true;
}

static bool suits_winograd(const cvz_plan *plan, const cvz_step *step, const cvz_conv_sizes *sizes)
{
  const cvz_region out = cvz_step_output(plan, step)->region;
  return is_square(&step->slide, 3) && sizes->groups == 1 && sizes->channels >= WINOGRAD_CHANNELS &&
         sizes->filters >= WINOGRAD_CHANNELS && cvz_region_height(out) >= WINOGRAD_LEAST &&
         cvz_region_width(out) >= WINOGRAD_LEAST;
}

bool cvz_conv_suits_sparse(const cvz_plan *plan, const cvz_conv_sizes *sizes)
{
  return plan->kernels->isa != CVZ_ISA_PORTABLE && sizes->groups == 1 && sizes->channels >= SPARSE_LEAST &&
         sizes->filters >= SPARSE_LEAST;
}

static bool suits_stem(const cvz_step *step, const cvz_conv_sizes *sizes)
{
  for (int axis = 0; axis < 2; axis++) {
    const cvz_slide *s = &step->slide;
    if (s->stride[axis] != 2 || s->dilation[axis] != 1 || s->kernel[axis] < 5 || s->kernel[axis] > 8) return false;
  }
  return sizes->groups == 1 && sizes->channels <= CVZ_WINOGRAD_STRIDE2_CHANNELS && sizes->filters >= WINOGRAD_CHANNELS;
}

/* Its kernel holds a window's rows in registers. */
static bool suits_scatter(const cvz_step *step, const cvz_conv_sizes *sizes)
{
  return sizes->groups == 1 && step->slide.dilation[0] == 1 && step->slide.dilation[1] == 1 &&
         sizes->kernel[1] * sizes->channels <= CVZ_SCATTER_FLOATS;
}

static cvz_conv_planner *choose_forward(const cvz_plan *plan, const cvz_step *step, const cvz_gemm *gemm)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  if (cvz_step_narrow(plan, step)) return cvz_conv_narrow_forward;
  if (cvz_step_is_pointwise_conv(plan, step))
    return cvz_conv_suits_bf16(plan, &sizes) ? cvz_conv_bf16_forward : cvz_conv_pointwise_forward;
  if (suits_winograd(plan, step, &sizes)) return cvz_conv_winograd_forward;
  if (suits_stem(step, &sizes)) return cvz_conv_stem_forward;
  if (cvz_step_input(plan, step, 0)->sparse && cvz_conv_suits_sparse(plan, &sizes)) return cvz_conv_taps_sparse_forward;
  return sizes.channels < CVZ_TAPS_THIN && !gemm->sums_terms ? cvz_conv_rows_forward : cvz_conv_taps_forward;
}

static cvz_conv_planner *choose_backward(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  if (cvz_step_narrow(plan, step)) return cvz_conv_narrow_backward;
  if (cvz_step_is_pointwise_conv(plan, step))
    return cvz_conv_suits_bf16(plan, &sizes) ? cvz_conv_bf16_backward : cvz_conv_pointwise_backward;
  if (suits_winograd(plan, step, &sizes)) return cvz_conv_winograd_backward;
  if (suits_scatter(step, &sizes)) return cvz_conv_scatter_backward;
  const bool sparse = cvz_step_output(plan, step)->sparse_gradient && cvz_conv_suits_sparse(plan, &sizes);
  return sparse ? cvz_conv_taps_sparse_backward : cvz_conv_taps_backward;
}

static cvz_status plan_conv(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  static const cvz_window pointwise = {{1, 1}, {1, 1}, {1, 1}, CVZ_VALID};
  const cvz_node *node = cvz_step_node(plan, step);
  const bool dense = plan->graph->weights[node->conv.kernel].rank == 2;
  step->slide = cvz_step_slide(plan, step, dense ? &pointwise : &node->conv.window);
  CVZ_TRY(cvz_conv_add_pack(step, packs, CVZ_SLOT_OFFSET, CVZ_PACK_OFFSET, node->conv.filters, 0, 0, error));
  CVZ_TRY(choose_forward(plan, step, cvz_packs_gemm(packs))(plan, step, packs, error));
  return choose_backward(plan, step)(plan, step, packs, error);
}

cvz_epilogue cvz_conv_forward_epilogue(const cvz_context *context)
{
  const cvz_step *step = context->step;
  cvz_epilogue epilogue = {
      .offset = cvz_context_pack(context, CVZ_SLOT_OFFSET), .clamp = step->clamp, .passed = cvz_context_bits(context)};
  if (step->residual) epilogue.residual = cvz_context_part(context, step->input_count - 1);
  return epilogue;
}

cvz_epilogue cvz_conv_backward_epilogue(const cvz_context *context)
{
  cvz_epilogue epilogue = {.clamp = {1, INFINITY}};
  if (context->step->inputs[0].masks) epilogue.kept = cvz_context_input_bits(context);
  return epilogue;
}

cvz_epilogue cvz_conv_epilogue_rows(cvz_epilogue epilogue, int row)
{
  if (epilogue.residual.data) epilogue.residual.data += (size_t)row * epilogue.residual.row;
  epilogue.passed = cvz_bits_crop(epilogue.passed, row, 0);
  epilogue.kept = cvz_bits_crop(epilogue.kept, row, 0);
  return epilogue;
}

void cvz_conv_finish(const cvz_context *context, cvz_view part, const cvz_epilogue *epilogue, int row, int channel)
{
  if (!epilogue->offset && !epilogue->kept.data) return;
  cvz_epilogue e = cvz_conv_epilogue_rows(*epilogue, row);
  if (e.offset) e.offset += channel;
  if (e.residual.data) e.residual.data += channel;
  e.passed = cvz_bits_channels(e.passed, channel);
  e.kept = cvz_bits_channels(e.kept, channel);
  cvz_context_kernels(context)->finish(part, &e);
}

int cvz_conv_block(int columns, int first, int all)
{
  return all - first < columns ? all - first : columns;
}

void cvz_conv_backward_residual(const cvz_context *context)
{
  const cvz_step *step = context->step;
  if (!step->residual || step->inputs[step->input_count - 1].alias) return;
  cvz_context_kernels(context)->copy(cvz_context_part_gradient(context, step->input_count - 1),
                                     cvz_context_output_gradient(context),
                                     step->inputs[step->input_count - 1].accumulate);
}

const cvz_operator cvz_operator_conv = {.plan = plan_conv, .overwrites = true, .writes_bits = true, .masks = true};
