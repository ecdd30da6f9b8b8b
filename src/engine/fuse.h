/* engine/fuse.h: which nodes become one step. */
#ifndef CVZ_ENGINE_FUSE_H
#define CVZ_ENGINE_FUSE_H

#include "graph/shape.h"
#include "kernel/kernels.h"

/** A step's nodes: perhaps zero padding, `root`, then perhaps an affine node folded into its weights, then perhaps the
 *  sum with another map, then perhaps a clamp. */
typedef struct cvz_fusion {
  int root;
  int pad;      /**< -1 if none */
  int affine;   /**< -1 if none */
  int residual; /**< the node that is added, -1 if none */
  cvz_clamp clamp;
  bool clamps;
  int output; /**< the last node, whose output the step makes */
} cvz_fusion;

/** True if the activation is min(max(x, slope x), max): its derivative can be told from its output. */
bool cvz_fuse_is_clamp(const cvz_activation *activation);

/** Groups the nodes marked in `needed`, in topological order of their outputs. The output of `target` is not fused
 *  across, nor is one that several nodes read.
 *  @param      shapes   of all nodes
 *  @param[out] fusions  room for node_count of them
 *  @param[out] count    how many */
cvz_status cvz_fuse(const cvz_graph *graph, const cvz_shape *shapes, const bool *needed, int target,
                    cvz_fusion *fusions, int *count, cvz_error *error);

#endif
