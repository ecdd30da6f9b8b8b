/* engine/blocks.h: the kernel of a convolution as blocks of output columns. For the files of engine/ only.
 *
 * Forward, output channels are the columns: per group and block of filters (kh, chunks, taps * C, block), where a chunk
 * is `taps` neighbouring taps of a kernel row; taps beyond the kernel's width are zero.
 * Backward, input channels are the columns: per group, parity class and block of channels (taps of the class, K,
 * block). A parity class is the inputs (y, x) with y = row and x = column modulo the strides, counted from the
 * padding's first zero; its taps are those with the same remainders, the last one of the kernel first. Winograd: planes
 * of blocks, (plane, block, C, block); of a stem 4 * C channels, see kernel/winograd.h. Scatter: (K, kh, columns), rows
 * of kw * C floats and zeros behind. */
#ifndef CVZ_ENGINE_BLOCKS_H
#define CVZ_ENGINE_BLOCKS_H

#include "engine/packs.h"

/** Sizes of a convolution, per group. A dense layer is a 1 x 1 convolution. */
typedef struct cvz_conv_sizes {
  int kernel[2], stride[2];
  int channels, filters, groups;
} cvz_conv_sizes;

cvz_conv_sizes cvz_blocks_sizes(const cvz_graph *graph, const cvz_node *node);

/** Taps of a parity class along an axis: class, class + stride, ... */
int cvz_blocks_taps(const cvz_conv_sizes *sizes, int axis, int class);

/** Floats before a parity class of a CVZ_PACK_BACKWARD, within its group. */
size_t cvz_blocks_class_offset(const cvz_conv_sizes *sizes, int row, int column);

/** Floats of a pack. */
size_t cvz_blocks_count(const cvz_graph *graph, const cvz_pack_request *request);

/** @param kernel  see cvz_fold_kernel */
void cvz_blocks_fill(const cvz_graph *graph, const cvz_pack_request *request, const float *kernel, float *to);

/** The kinds of blocks that are made of bfloat16 numbers: rounded, or in pieces. */
bool cvz_blocks_are_pieces(cvz_pack_kind kind);

/** Floats of memory of such a pack. */
size_t cvz_blocks_pieces_count(const cvz_graph *graph, const cvz_pack_request *request);

/** The blocks of cvz_blocks_fill, each through cvz_bf16_pack or cvz_tiles.pack.
 *  @return CVZ_E_MEMORY */
cvz_status cvz_blocks_pieces_fill(const cvz_graph *graph, const cvz_pack_request *request, const float *kernel,
                                  float *pack, cvz_error *error);

#endif
