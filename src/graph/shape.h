/* graph/shape.h: the size of every map for an image of a given size, and what of it a target needs. */
#ifndef CVZ_GRAPH_SHAPE_H
#define CVZ_GRAPH_SHAPE_H

#include "graph/graph.h"

/** Infers the output shape of every node marked in `needed`, checking weights' shapes against their inputs.
 *  @param[out] shapes  node_count of them; those not needed are zero
 *  @return CVZ_E_RANGE if a map would vanish ("size: ..., layer ... would be empty"), CVZ_E_FORMAT if a weight does not
 *          fit, naming the layer and both shapes */
cvz_status cvz_graph_shapes(const cvz_graph *graph, const bool *needed, int height, int width, cvz_shape *shapes,
                            cvz_error *error);

cvz_region cvz_region_whole(cvz_shape shape);
cvz_region cvz_region_union(cvz_region a, cvz_region b);
int cvz_region_height(cvz_region region);
int cvz_region_width(cvz_region region);

/** Zeros before the first element that a window sees: of SAME padding floor(total / 2), else 0. */
int cvz_window_before(const cvz_window *window, int axis, int input);

/** Rows (axis 0) or columns of a transposed convolution's output, and of a resized map, for `input` of them. */
int cvz_convtranspose_size(const cvz_convtranspose *node, int axis, int input);
int cvz_resize_size(const cvz_resize *resize, int axis, int input);

/** Output `index` of an axis is made of inputs *first .. *end - 1. It lies at the place, in inputs, of which the first
 *  begins at 0 and has its centre at 0.5. An interpolation reaches its radius times the stretch to each side. */
void cvz_resize_span(const cvz_resize *resize, int axis, int input, int index, int *first, int *end);
float cvz_resize_place(const cvz_resize *resize, int axis, int input, int index);
float cvz_resize_stretch(const cvz_resize *resize, int axis, int input);
int cvz_resize_radius(cvz_interpolation interpolation);

/** Number of outputs of a window over `input` elements; 0 or less if the window does not fit. */
int cvz_window_outputs(const cvz_window *window, int axis, int input);

/** What of every node's output `region` of `target` depends on: regions[node_count], empty where nothing is needed.
 *  The same regions hold every gradient that is not zero. */
void cvz_graph_regions(const cvz_graph *graph, const cvz_shape *shapes, int target, cvz_region region,
                       cvz_region *regions);

/** Marks in one_channel[node_count] the nodes of whose output one channel is enough, if one channel of `target` is
 *  looked at: back from it as far as channel k depends on channel k alone and nobody else reads the map. */
void cvz_graph_one_channel(const cvz_graph *graph, const cvz_shape *shapes, const bool *needed, int target,
                           bool *one_channel);

/** Multiplications and additions (2 each), forward and backward, of all nodes that have a region. */
double cvz_graph_flops(const cvz_graph *graph, const cvz_shape *shapes, const cvz_region *regions,
                       const bool *one_channel);

#endif
