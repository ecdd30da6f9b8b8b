/* engine/packs.h: weights as the steps want them: batch norm folded in, transposed for the backward pass, in blocks of
 * output columns. They belong to the job: many plans share one set, and the ranks of a node fill it together.
 *
 * Life: create; every plan adds what it needs; layout; bind to memory; fill (each rank its part); read. */
#ifndef CVZ_ENGINE_PACKS_H
#define CVZ_ENGINE_PACKS_H

#include "graph/graph.h"
#include "kernel/gemm.h"

typedef enum cvz_pack_kind {
  CVZ_PACK_FORWARD,                /**< kernel for the forward products, see engine/blocks.h */
  CVZ_PACK_BACKWARD,               /**< its transpose for the backward products */
  CVZ_PACK_WINOGRAD,               /**< a transformed plane for each point */
  CVZ_PACK_WINOGRAD_BACKWARD,      /**< the same of the transposed, flipped kernel */
  CVZ_PACK_STEM,                   /**< 36 planes of a convolution of stride 2 on blocks of 2 x 2 pixels */
  CVZ_PACK_SCATTER,                /**< rows of windows, filter by filter, see scatter in kernel/kernels.h */
  CVZ_PACK_FORWARD_BF16,           /**< FORWARD in bfloat16, see cvz_bf16_pack: one group, even channels and filters */
  CVZ_PACK_BACKWARD_BF16,          /**< the same of BACKWARD */
  CVZ_PACK_WINOGRAD_BACKWARD_BF16, /**< and of WINOGRAD_BACKWARD */
  CVZ_PACK_FORWARD_TILES,          /**< FORWARD of a 1 x 1 kernel of one group in pieces, see kernel/tiles.h */
  CVZ_PACK_BACKWARD_TILES,         /**< the same of BACKWARD */
  CVZ_PACK_DEPTHWISE,              /**< (kh, kw, C * multiplier) */
  CVZ_PACK_PLAIN,                  /**< the node's first weight as it is */
  CVZ_PACK_TRANSPOSED,             /**< the same, its last dimension first */
  CVZ_PACK_SCALE,                  /**< of an affine node: (channels) */
  CVZ_PACK_OFFSET                  /**< of an affine node, or the bias of a convolution with its affine: (channels) */
} cvz_pack_kind;

/** What a step needs. */
typedef struct cvz_pack_request {
  cvz_pack_kind kind;
  int node;     /**< the convolution or affine node */
  int affine;   /**< an affine node folded into it, or -1 */
  int channels; /**< output channels of the node */
  int columns;  /**< of a block, or floats of a row of SCATTER; 0 where the kind has neither */
  int length;   /**< of FORWARD: neighbouring taps of a kernel row that make one term; of WINOGRAD: outputs a side of a
                   tile; 0 otherwise */
} cvz_pack_request;

typedef struct cvz_packs cvz_packs;

/** @param graph, gemm  borrowed until cvz_packs_free */
cvz_status cvz_packs_create(cvz_packs **packs, const cvz_graph *graph, const cvz_gemm *gemm, cvz_error *error);

void cvz_packs_free(cvz_packs *packs);

/** Registers what a step needs; equal requests get one index.
 *  @param[out] index  to read it by */
cvz_status cvz_packs_add(cvz_packs *packs, const cvz_pack_request *request, int *index, cvz_error *error);

/** Marks in wanted[graph->weight_count] the weights that the packs are made of. */
void cvz_packs_wanted(const cvz_packs *packs, bool *wanted);

/** Fixes the place of each pack; floats of memory that all of them need. Nothing can be added after it. */
size_t cvz_packs_layout(cvz_packs *packs);

/** `memory` (64-byte aligned, borrowed) holds, or will hold, the packs. */
void cvz_packs_bind(cvz_packs *packs, float *memory);

/** Fills those packs that are the share of `part` among `parts`.
 *  @param values  the graph's weights, see cvz_weight.offset; not needed any more when all parts are filled */
cvz_status cvz_packs_fill(cvz_packs *packs, const float *values, int part, int parts, cvz_error *error);

/** The filled pack. */
const float *cvz_packs_data(const cvz_packs *packs, int index);

/** Floats of a pack. */
size_t cvz_packs_count(const cvz_packs *packs, int index);

const cvz_gemm *cvz_packs_gemm(const cvz_packs *packs);

#endif
