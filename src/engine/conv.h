/* engine/conv.h: the algorithms of a convolution. For the files of engine/ only.
 *
 * x: (H, W, C), y: (OH, OW, K), kernel: (kh, kw, C / groups, K). y = clamp(x * kernel + offset [+ residual]).
 * Each direction of each algorithm plans itself: it sets the step's pass, registers its weights and wants scratch. */
#ifndef CVZ_ENGINE_CONV_H
#define CVZ_ENGINE_CONV_H

#include "engine/blocks.h"
#include "engine/step.h"

typedef cvz_status cvz_conv_planner(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error);

/** 1 x 1 on the same pixels: a matrix product of bands of pixels. */
cvz_conv_planner cvz_conv_pointwise_forward, cvz_conv_pointwise_backward;
/** The same in bfloat16, for the sizes of cvz_conv_suits_bf16. */
cvz_conv_planner cvz_conv_bf16_forward, cvz_conv_bf16_backward;
/** 3 x 3 of stride 1 as 36 or 64 products, see kernel/winograd.h. */
cvz_conv_planner cvz_conv_winograd_forward, cvz_conv_winograd_backward;
/** Up to 8 x 8 of stride 2 on few channels, the same way. */
cvz_conv_planner cvz_conv_stem_forward;
/** To few channels: every number of dy that is not zero scatters its window. */
cvz_conv_planner cvz_conv_scatter_backward;
/** Any window: for a row of outputs the sum of a product for each tap, on shifted rows of x. */
cvz_conv_planner cvz_conv_taps_forward, cvz_conv_taps_backward;
/** The same where about half of the numbers are zero. */
cvz_conv_planner cvz_conv_taps_sparse_forward, cvz_conv_taps_sparse_backward;
/** Any window: windows as rows of a matrix (im2row), one product. */
cvz_conv_planner cvz_conv_rows_forward;
/** One output channel: a dot product for each pixel. */
cvz_conv_planner cvz_conv_narrow_forward, cvz_conv_narrow_backward;

/** Registers one of the convolution's packs in a slot of the step. */
cvz_status cvz_conv_add_pack(cvz_step *step, cvz_packs *packs, int slot, cvz_pack_kind kind, int channels, int columns,
                             int length, cvz_error *error);

cvz_conv_sizes cvz_conv_sizes_of(const cvz_plan *plan, const cvz_step *step);

/** What the forward pass does to its products before they are stored: all channels of the band. */
cvz_epilogue cvz_conv_forward_epilogue(const cvz_context *context);

/** What the backward pass does to the gradient of the input, all of it. Products accumulate by themselves. */
cvz_epilogue cvz_conv_backward_epilogue(const cvz_context *context);

/** Applies the epilogue of the band or map from `row` and `channel` (a multiple of 64) on to the products in `part`. */
void cvz_conv_finish(const cvz_context *context, cvz_view part, const cvz_epilogue *epilogue, int row, int channel);

/** The same epilogue from `row` on. */
cvz_epilogue cvz_conv_epilogue_rows(cvz_epilogue epilogue, int row);

/** Width of the block of columns that starts at `first` of `all`. */
int cvz_conv_block(int columns, int first, int all);

/** Adds the output's gradient to that of the residual, if it is not there already. */
void cvz_conv_backward_residual(const cvz_context *context);

/** True if the plan's precision is bf16 and there are enough channels for it. */
bool cvz_conv_suits_bf16(const cvz_plan *plan, const cvz_conv_sizes *sizes);

/** to (pixels, K) = from (pixels, C) W of dense views. `pack`: blocks of columns of W as CVZ_PACK_FORWARD_BF16 has
 * them; `rounded`: room for from's numbers. */
void cvz_conv_bf16_multiply(const cvz_bf16 *bf16, cvz_view to, cvz_view from, const float *pack, uint16_t *rounded);

/** True if skipping zeros is faster for these sizes, if about half of the numbers are zero. */
bool cvz_conv_suits_sparse(const cvz_plan *plan, const cvz_conv_sizes *sizes);

#endif
