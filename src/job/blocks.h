/* job/blocks.h: the layers with which the blocks of a network end. */
#ifndef CVZ_JOB_BLOCKS_H
#define CVZ_JOB_BLOCKS_H

#include "graph/graph.h"

/** The layer that the network ends with: of those that can be rendered the last that no other reads, -1 if none. */
int cvz_blocks_last(const cvz_graph *graph);

/** Marks in chosen[layer_count] what the blocks hand on. Only nodes that every path to the last layer passes count; of
 *  these
 *  - where branches that parted are joined by a sum or a concatenation, with an activation that follows directly;
 *  - else where branches part, if it is no activation, pool, border or gate, as before a residual block that follows on
 *    one without a sum.
 *  Where most concatenations are in no such place, because blocks read the two before them as in NASNet, it is every
 *  concatenation. A network that joins nothing has stages: what a pool or a convolution with a stride reads, and the
 *  last map.
 *
 *  So it is convK_blockN_out of ResNets, mixedN of InceptionV3, block_N_add or block_N_project_BN of MobileNetV2,
 *  blockN_convM before the pools of VGG. */
cvz_status cvz_blocks_outputs(const cvz_graph *graph, bool *chosen, cvz_error *error);

#endif
