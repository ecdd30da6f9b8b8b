/* engine/step.h: what a plan is made of, and what an operator brings. For the files of engine/ only. */
#ifndef CVZ_ENGINE_STEP_H
#define CVZ_ENGINE_STEP_H

#include "engine/packs.h"
#include "engine/plan.h"
#include "engine/run.h"
#include "graph/shape.h"
#include "kernel/kernels.h"

#define CVZ_NO_STEP (-1)

/** What one step makes: a part of a node's output and its gradient, compact in the arena.
 *
 *  Data and gradient each have a home: the value in whose buffer they lie, itself in most cases. A member of a
 *  concatenation lies among the channels of the whole; a summand's gradient is that of the sum. */
typedef struct cvz_value {
  cvz_shape shape;   /**< of the node's whole output */
  cvz_region region; /**< the needed part of it, which is what is stored */
  bool narrow;       /**< only the selected channel is stored */
  int data_home, gradient_home;
  int data_channel, gradient_channel; /**< of the home */
  bool local_data, local_gradient;    /**< only the rows of one band are stored */
  size_t data, gradient;              /**< floats from the start of the arena to the home's buffer */
  bool sparse, sparse_gradient;       /**< about half of the numbers are expected to be zero */
  bool has_bits;                      /**< one bit an element tells what the clamp let through */
  bool bits_tell_zeros;               /**< and that is all that is not 0 */
  bool masked;                        /**< the last step that adds to the gradient clears what the clamp held back */
  size_t bits;                        /**< floats from the start of the arena */
} cvz_value;

/** One input of a step. */
typedef struct cvz_edge {
  int value;
  bool zero;       /**< the gradient is zeroed before this step adds to it */
  bool accumulate; /**< the step adds to the gradient; else it overwrites all of it */
  bool alias;      /**< the gradient is in its place already */
  bool masks;      /**< the step applies the input's bits after its addition, see cvz_value.masked */
} cvz_edge;

typedef struct cvz_context cvz_context;

/** One direction of an operator, by one algorithm. */
typedef struct cvz_pass {
  const char *name; /**< of the algorithm */
  void (*run)(const cvz_context *context);
  bool pointwise; /**< rows of the output go with the same rows of the inputs */
} cvz_pass;

typedef struct cvz_operator cvz_operator;

enum { CVZ_SLOT_FORWARD, CVZ_SLOT_BACKWARD, CVZ_SLOT_OFFSET, CVZ_SLOTS };

/** One node, or several fused into one, see engine/fuse.h. */
typedef struct cvz_step {
  const cvz_operator *operation;
  const cvz_pass *forward, *backward;
  int node;   /**< the one that names the operator */
  int pad;    /**< zero padding before it, or -1 */
  int affine; /**< folded into the weights, or -1 */
  cvz_clamp clamp;
  bool clamps;   /**< false: clamp is the identity */
  bool residual; /**< the last input is added before the clamp */
  int output;    /**< value */
  cvz_edge *inputs;
  int input_count;
  cvz_slide slide; /**< of windows, in the coordinates of the stored parts */
  int packs[CVZ_SLOTS];
  int rows;                             /**< output rows that an im2row matrix holds */
  double forward_flops, backward_flops; /**< that the algorithm executes; 0: those of direct sums */
  size_t scratch;                       /**< floats wanted during a pass */
  size_t state;                         /**< floats kept from the forward to the backward pass */
  size_t state_offset;
} cvz_step;

/** Steps first .. first + count - 1, executed together, band by band of `rows` rows. */
typedef struct cvz_group {
  int first, count;
  int rows; /**< 0: one step, all of its rows at once */
} cvz_group;

struct cvz_plan {
  const cvz_graph *graph;
  const cvz_kernels *kernels;
  const cvz_bf16 *bf16; /**< NULL: float32 */
  const cvz_packs *packs;
  cvz_shape *shapes;    /**< of all nodes */
  cvz_region *regions;  /**< of all nodes */
  int *values_of_nodes; /**< the value that holds a node's output, -1 if none does */
  cvz_value *values;
  int value_count;
  cvz_step *steps;
  int step_count;
  cvz_group *groups;
  int group_count;
  int image, target;            /**< values */
  bool redirects;               /**< see engine/redirect.h; then every step has all of its rows at once, and no bits */
  size_t scratch_offset, arena; /**< floats */
};

/** Whether a group's steps compute one channel only: the one that the run has selected. Groups do not mix. */
static inline bool cvz_group_is_narrow(const cvz_plan *plan, const cvz_group *group)
{
  return plan->values[plan->steps[group->first].output].narrow;
}

/** What a step sees while it runs. */
struct cvz_context {
  const cvz_plan *plan;
  const cvz_step *step;
  float *arena;
  int channel;
  int first, rows;   /**< of the output: the band */
  cvz_run_seed seed; /**< of this backward pass; for what observes */
};

/** An operator: how it is planned and executed. */
struct cvz_operator {
  /** Fills slide, packs, rows, scratch, state; may choose other passes than the default ones. */
  cvz_status (*plan)(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error);
  cvz_pass forward;
  /** From the output's gradient, in which the clamp is already accounted for, to the inputs'. */
  cvz_pass backward;
  bool reads_inputs; /**< the backward pass reads the inputs' data */
  bool reads_output; /**< the backward pass reads the output's data */
  bool overwrites;   /**< the backward pass can overwrite a gradient instead of adding to it */
  bool channelwise;  /**< channel k of the output depends on channel k of the inputs alone */
  bool writes_bits;  /**< the forward pass writes the bits of its output */
  bool applies_bits; /**< the backward pass applies them to the output's gradient by itself */
  bool masks;        /**< the backward pass can apply the bits of input 0 to its gradient */
};

/** The operators, one for each cvz_op; INPUT has none. */
const cvz_operator *cvz_operator_of(cvz_op op);

extern const cvz_operator cvz_operator_conv, cvz_operator_depthwise, cvz_operator_affine, cvz_operator_activation,
    cvz_operator_softmax, cvz_operator_maxpool, cvz_operator_avgpool, cvz_operator_globalavg, cvz_operator_pad,
    cvz_operator_add, cvz_operator_multiply, cvz_operator_concat, cvz_operator_reshape, cvz_operator_transpose,
    cvz_operator_convtranspose, cvz_operator_normalize, cvz_operator_binary, cvz_operator_reduce, cvz_operator_resize,
    cvz_operator_part, cvz_operator_constant, cvz_operator_observe;

const cvz_node *cvz_step_node(const cvz_plan *plan, const cvz_step *step);
const cvz_value *cvz_step_output(const cvz_plan *plan, const cvz_step *step);
const cvz_value *cvz_step_input(const cvz_plan *plan, const cvz_step *step, int index);

/** Stored channels of a value, of all its rows. */
int cvz_value_channels(const cvz_value *value);
size_t cvz_value_count(const cvz_value *value);

/** True if the step computes the selected channel alone. */
bool cvz_step_narrow(const cvz_plan *plan, const cvz_step *step);

/** True for a ReLU, alone or fused: an activation that is 0 for all inputs up to a threshold. */
bool cvz_step_rectifies(const cvz_plan *plan, const cvz_step *step);

/** Makes room for `floats` of scratch during a pass. */
void cvz_step_want_scratch(cvz_step *step, size_t floats);

/** True for a 1 x 1 convolution of stride 1 of all channels. */
bool cvz_step_is_pointwise_conv(const cvz_plan *plan, const cvz_step *step);

/** A node's window, with the step's padding, in the coordinates of the stored parts of input 0 and the output. */
cvz_slide cvz_step_slide(const cvz_plan *plan, const cvz_step *step, const cvz_window *window);

/** Rows of the step's output and its gradient: those of the band. */
cvz_view cvz_context_output(const cvz_context *context);
cvz_view cvz_context_output_gradient(const cvz_context *context);

/** All of an input and its gradient. A narrow step sees one channel of a wide input, if it is channelwise. */
cvz_view cvz_context_input(const cvz_context *context, int index);
cvz_view cvz_context_input_gradient(const cvz_context *context, int index);

/** All channels of an input's gradient. */
cvz_view cvz_context_whole_gradient(const cvz_context *context, int index);

/** The part of an input, or of its gradient, that belongs to the band of a pointwise step: broadcast where the input
 * has one row, column or channel less. */
cvz_view cvz_context_part(const cvz_context *context, int index);
cvz_view cvz_context_part_gradient(const cvz_context *context, int index);

/** Bits of the output's band; those that are still to be applied to its gradient; those of all of input 0. data NULL
 *  where there are none. */
cvz_bits cvz_context_bits(const cvz_context *context);
cvz_bits cvz_context_unmasked_bits(const cvz_context *context);
cvz_bits cvz_context_input_bits(const cvz_context *context);

/** Bits of input 0 that belong to the band of a pointwise step. */
cvz_bits cvz_context_part_bits(const cvz_context *context);

/** The part that an observing step sees of input `index`, of its stored data or gradient. */
cvz_view cvz_observe_part(const cvz_context *context, int index, cvz_view stored);

const float *cvz_context_pack(const cvz_context *context, int index);
float *cvz_context_scratch(const cvz_context *context);
float *cvz_context_state(const cvz_context *context);
const cvz_kernels *cvz_context_kernels(const cvz_context *context);

#endif
