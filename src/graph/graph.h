/* graph/graph.h: a network as operators in topological order, without its weights' values. */
#ifndef CVZ_GRAPH_GRAPH_H
#define CVZ_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "graph/input.h"

typedef enum cvz_op {
#define X(NAME, text) CVZ_OP_##NAME,
#include "graph/ops.def"
#undef X
  CVZ_OP_COUNT
} cvz_op;

/** "conv" for CVZ_OP_CONV. */
const char *cvz_op_name(cvz_op op);

#define CVZ_DIMENSION_MAX (1 << 20) /**< longest side of any map, most channels */

/** One image's tensor without the batch axis, in rows of pixels of channels (NHWC). rank 3 is (height, width,
 *  channels); rank 2 is (height, channels) with width 1; rank 1 is (channels) with height and width 1.
 *  0 is "any" where a network leaves its input size free. */
typedef struct cvz_shape {
  int rank;
  int height, width, channels;
} cvz_shape;

size_t cvz_shape_count(cvz_shape shape); /**< height * width * channels */
bool cvz_shape_equal(cvz_shape a, cvz_shape b);

/** Writes the shape as Keras does, "(23, 23, 512)". */
void cvz_shape_text(cvz_shape shape, char *text, size_t bytes);

/** Rows y0 .. y1 - 1 and columns x0 .. x1 - 1 of a map. Empty if y0 == y1. */
typedef struct cvz_region {
  int y0, y1, x0, x1;
} cvz_region;

typedef enum cvz_padding { CVZ_VALID, CVZ_SAME } cvz_padding;

/** A sliding window. SAME gives ceil(in / stride) outputs with floor(total / 2) zeros before (Keras). */
typedef struct cvz_window {
  int kernel[2], stride[2], dilation[2]; /**< vertical, horizontal */
  cvz_padding padding;
} cvz_window;

typedef enum cvz_function {
  CVZ_LINEAR,
  CVZ_RELU, /**< Keras's relu: max_value for x >= max_value, x for x > threshold, negative_slope * (x - threshold) */
#define C(NAME) CVZ_##NAME,
#include "base/curves.def"
#undef C
} cvz_function;

/** An activation with its parameters. Those of CVZ_RELU: max_value is INFINITY if unbounded. Of all others
 *  negative_slope is the parameter that base/curves.def names, and the rest is not read. */
typedef struct cvz_activation {
  cvz_function function;
  float negative_slope, max_value, threshold;
} cvz_activation;

#define CVZ_NO_WEIGHT (-1)

/** Weights are indices into cvz_graph.weights. */
typedef struct cvz_conv {
  cvz_window window;
  int filters; /**< output channels; of a depthwise convolution, outputs per input channel (depth multiplier) */
  int groups;  /**< 1 for a depthwise convolution */
  int kernel; /**< (kh, kw, in / groups, filters); depthwise (kh, kw, in, multiplier) or (kh, kw, 1, in * multiplier) */
  int bias;   /**< (filters) or CVZ_NO_WEIGHT; depthwise (in * multiplier) */
} cvz_conv;

/** y = (x - mean) / deviation * gamma + beta. deviation is sqrt(variance + epsilon), or max(sqrt(variance), epsilon)
 *  where `clamped` (Keras's Normalization). The constants serve Rescaling: then gamma .. variance are CVZ_NO_WEIGHT and
 *  y = x * scale[c] + offset[c], where constant arrays of one element serve all channels. A missing weight counts as
 *  gamma 1, beta 0, mean 0, variance 1 (with epsilon 0). */
typedef struct cvz_affine {
  int gamma, beta, mean, variance;
  float epsilon;
  bool clamped;
  float *scale, *offset; /**< owned by the graph, NULL unless constant */
  int constants;         /**< elements of scale and of offset: 0, 1 or the channels */
} cvz_affine;

typedef struct cvz_pad {
  int top, bottom, left, right; /**< negative crops */
} cvz_pad;

/** The size that the input has at a place of (height, width, channels), as one of a reshape's. */
#define CVZ_SIZE_OF(place) (-2 - (place))

/** The sizes after the batch axis; at most one is -1 (what remains). Flatten is {1, {-1}}. */
typedef struct cvz_reshape {
  int rank;
  int sizes[3];
} cvz_reshape;

/** Axis i of the output is axis axes[i] of the input, of (height, width, channels). */
typedef struct cvz_transpose {
  int axes[3];
} cvz_transpose;

/** The adjoint of the convolution `conv`, whose input is this node's output. The output has the size
 *  Keras gives it: see cvz_convtranspose_size. */
typedef struct cvz_convtranspose {
  cvz_window window;
  int output_padding[2]; /**< -1: none was asked for */
  int filters;           /**< output channels */
  int kernel;            /**< (kh, kw, filters, in) */
} cvz_convtranspose;

/** Over the channels of each pixel or, where `spatial`, over the whole map; over each of `groups` of neighbouring
 *  channels by itself. By mean and standard deviation; without the mean where not `centered`; by the sum of squares
 *  where `length`, of which epsilon is the least. */
typedef struct cvz_normalize {
  bool spatial, centered, length;
  int groups; /**< -1: as many as channels */
  float epsilon;
} cvz_normalize;

/** PRELU is x > 0 ? x : x * slope with the slope as second input. Of equal numbers the first is the larger and the
 *  smaller, as in TensorFlow's gradient. */
typedef enum cvz_binary { CVZ_MAXIMUM, CVZ_MINIMUM, CVZ_PRELU } cvz_binary;

/** MAX and MIN share their gradient among equal elements, as TensorFlow's reduce_max does. */
typedef enum cvz_reduction { CVZ_SUM, CVZ_MEAN, CVZ_MAX, CVZ_MIN } cvz_reduction;

/** The axes (height, width, channels) that are reduced keep one element. */
typedef struct cvz_reduce {
  cvz_reduction reduction;
  bool axes[3];
} cvz_reduce;

typedef enum cvz_interpolation { CVZ_NEAREST, CVZ_BILINEAR, CVZ_BICUBIC, CVZ_LANCZOS3, CVZ_LANCZOS5 } cvz_interpolation;

/** Output sizes are factors times the input's, or `size` where that is not 0. With half-pixel centers: tf.image.resize.
 */
typedef struct cvz_resize {
  int factor[2], size[2];
  cvz_interpolation interpolation;
  bool antialias; /**< a smaller map is made with windows that are as much wider */
} cvz_resize;

/** What something outside of the graph, as an objective, looks at. The output is one number without meaning: it makes
 *  several maps, each with its region, the target of one plan. */
typedef struct cvz_observe {
  cvz_region *parts; /**< of each input; owned by the graph */
} cvz_observe;

/** Part `index` of `count` equal parts of the channels. */
typedef struct cvz_part {
  int index, count;
} cvz_part;

typedef struct cvz_node {
  cvz_op op;
  int *inputs; /**< nodes before this one */
  int input_count;
  int layer; /**< the Keras layer that it comes from */
  union {
    cvz_conv conv; /**< CONV, DEPTHWISE */
    cvz_affine affine;
    cvz_activation activation;
    cvz_window pool; /**< MAXPOOL, AVGPOOL; dilation 1 */
    cvz_pad pad;
    cvz_reshape reshape;
    cvz_shape input; /**< INPUT: 0 where free */
    cvz_transpose transpose;
    cvz_convtranspose convtranspose;
    cvz_normalize normalize;
    cvz_binary binary;
    cvz_reduce reduce;
    cvz_resize resize;
    cvz_observe observe;
    cvz_part part;
    int constant; /**< weight */
  };
} cvz_node;

#define CVZ_WEIGHT_RANK 4

/** A weight tensor; its values are elsewhere (see cvz_graph_values). */
typedef struct cvz_weight {
  char *name; /**< "layer/kernel", for messages */
  int rank;
  int dims[CVZ_WEIGHT_RANK];
  size_t count;  /**< floats */
  size_t offset; /**< floats from the start of the values, a multiple of 16 */
} cvz_weight;

/** A Keras layer (one call of it), in the file's order. */
typedef struct cvz_layer {
  char *name;       /**< path: "inner/conv2d", "inner:1/conv2d" for a second call */
  char *class_name; /**< "Conv2D" */
  int node;         /**< whose output is the layer's; -1 if the layer, or one before it, is not supported */
  char *problem;    /**< why node is -1: one line for a user; else NULL */
} cvz_layer;

/** Owns all that it points to. Immutable once built. */
typedef struct cvz_graph {
  char *name; /**< of the model */
  cvz_node *nodes;
  int node_count;
  cvz_layer *layers;
  int layer_count;
  cvz_weight *weights;
  int weight_count;
  size_t value_count;        /**< floats of all weights, gaps included */
  int input;                 /**< the INPUT node that takes the image */
  cvz_preprocess preprocess; /**< the numbers that it expects; fits its channels */
} cvz_graph;

void cvz_graph_free(cvz_graph *graph);

/** The range and the order of the colours that the INPUT node expects. */
cvz_input_range cvz_graph_input_range(const cvz_graph *graph);

/** Overrules graph->preprocess.
 *  @return CVZ_E_USAGE for a name that is unknown, or that does not fit the channels of the INPUT node */
cvz_status cvz_graph_set_preprocess(cvz_graph *graph, const char *name, cvz_error *error);

/** For readers: each appends a copy and gives its index; `inputs`, names, constants and parts are copied. -1 with
 * `error` filled in if there is no memory. cvz_graph_add_weight also sets count and offset, and refuses sizes that do
 * not fit.
 */
int cvz_graph_add_node(cvz_graph *graph, const cvz_node *node, cvz_error *error);
int cvz_graph_add_layer(cvz_graph *graph, const char *name, const char *class_name, int node, const char *problem,
                        cvz_error *error);
int cvz_graph_add_weight(cvz_graph *graph, const char *name, int rank, const int *dims, cvz_error *error);

/** The layer of that name, -1 if there is none. */
int cvz_graph_find_layer(const cvz_graph *graph, const char *name);

/** Of a node that is a softmax or a sigmoid the one that it reads, else the node itself. */
int cvz_graph_before_squash(const cvz_graph *graph, int node);

/** Marks in needed[node_count] the nodes on which `target` depends, itself included. */
void cvz_graph_needed(const cvz_graph *graph, int target, bool *needed);

/** The weights of a node: their indices in `weights`, at least 4 places; returns how many. */
int cvz_node_weights(const cvz_node *node, int *weights);

/** Number of nodes that read each node's output, among those marked in `needed`: consumers[node_count]. */
void cvz_graph_consumers(const cvz_graph *graph, const bool *needed, int *consumers);

#endif
