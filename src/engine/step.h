/* engine/step.h: what a plan is made of, and what an operator brings. For the files of engine/ only. */
#ifndef CVZ_ENGINE_STEP_H
#define CVZ_ENGINE_STEP_H

#include "engine/packs.h"
#include "engine/plan.h"
#include "engine/report.h"
#include "graph/shape.h"
#include "kernel/kernels.h"

#define CVZ_NO_STEP (-1)

/** What one step makes: a part of a node's output and its gradient, compact in the arena. */
typedef struct cvz_value {
  cvz_shape shape;   /**< of the node's whole output */
  cvz_region region; /**< the needed part of it, which is what is stored */
  bool narrow;       /**< only the selected channel is stored */
  size_t data, gradient; /**< floats from the start of the arena */
} cvz_value;

/** One input of a step. */
typedef struct cvz_edge {
  int value;
  bool zero;       /**< the gradient is zeroed before this step adds to it */
  bool accumulate; /**< the step adds to the gradient; else it overwrites all of it */
} cvz_edge;

typedef struct cvz_operator cvz_operator;

/** One node, or several fused into one: a convolution with the affine node behind it and the clamp behind that. */
typedef struct cvz_step {
  const cvz_operator *operator;
  int node;   /**< the first of the fused nodes */
  int affine; /**< folded into the weights, or -1 */
  cvz_clamp clamp;
  bool clamps; /**< false: clamp is the identity */
  int output;  /**< value */
  cvz_edge *inputs;
  int input_count;
  cvz_slide slide; /**< of windows, in the coordinates of the stored parts */
  int packs[3];
  int rows;       /**< output rows that an im2row matrix holds */
  size_t scratch; /**< floats wanted during a pass */
  size_t state;   /**< floats kept from the forward to the backward pass */
  size_t state_offset;
} cvz_step;

struct cvz_plan {
  const cvz_graph *graph;
  const cvz_kernels *kernels;
  const cvz_packs *packs;
  cvz_shape *shapes;    /**< of all nodes */
  cvz_region *regions;  /**< of all nodes */
  int *values_of_nodes; /**< the value that holds a node's output, -1 if none does */
  cvz_value *values;
  int value_count;
  cvz_step *steps;
  int step_count;
  int image, target; /**< values */
  size_t scratch_offset, arena; /**< floats */
};

/** What a step sees while it runs. */
typedef struct cvz_context {
  const cvz_plan *plan;
  const cvz_step *step;
  float *arena;
  int channel;
} cvz_context;

/** An operator: how it is planned and executed. */
struct cvz_operator {
  /** Chooses the algorithm: fills slide, packs, rows, scratch, state. */
  cvz_status (*plan)(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error);
  void (*forward)(const cvz_context *context);
  /** From the output's gradient, in which the clamp is already accounted for, to the inputs'. */
  void (*backward)(const cvz_context *context);
  /** For reports: names the step's algorithm, and corrects `real` where it does not multiply as the formula says. NULL:
   *  the operator has one algorithm. */
  void (*describe)(const cvz_plan *plan, const cvz_step *step, cvz_report_step *report);
  bool reads_inputs;  /**< the backward pass reads the inputs' data */
  bool reads_output;  /**< the backward pass reads the output's data */
  bool overwrites;    /**< the backward pass can overwrite a gradient instead of adding to it */
  bool channelwise;   /**< channel k of the output depends on channel k of the inputs alone */
};

/** The operators, one for each cvz_op; INPUT has none. */
const cvz_operator *cvz_operator_of(cvz_op op);

extern const cvz_operator cvz_operator_conv, cvz_operator_depthwise, cvz_operator_affine, cvz_operator_activation,
    cvz_operator_softmax, cvz_operator_maxpool, cvz_operator_avgpool, cvz_operator_globalavg, cvz_operator_pad,
    cvz_operator_add, cvz_operator_multiply, cvz_operator_concat, cvz_operator_reshape;

const cvz_node *cvz_step_node(const cvz_plan *plan, const cvz_step *step);
const cvz_value *cvz_step_output(const cvz_plan *plan, const cvz_step *step);
const cvz_value *cvz_step_input(const cvz_plan *plan, const cvz_step *step, int index);

/** Stored channels of a value. */
int cvz_value_channels(const cvz_value *value);
size_t cvz_value_count(const cvz_value *value);

/** A node's window in the coordinates of the stored parts of input 0 and the output. */
cvz_slide cvz_step_slide(const cvz_plan *plan, const cvz_step *step, const cvz_window *window);

/** Data and gradients of the step's output and inputs. A narrow step sees one channel of a wide input, if it is
 *  channelwise. */
cvz_view cvz_context_output(const cvz_context *context);
cvz_view cvz_context_output_gradient(const cvz_context *context);
cvz_view cvz_context_input(const cvz_context *context, int index);
cvz_view cvz_context_input_gradient(const cvz_context *context, int index);

/** The part of input `index` that an elementwise step reads: the output's region, broadcast where the input has one
 *  row, column or channel less. */
cvz_view cvz_context_aligned(const cvz_context *context, int index, cvz_view input);

const float *cvz_context_pack(const cvz_context *context, int index);
float *cvz_context_scratch(const cvz_context *context);
float *cvz_context_state(const cvz_context *context);
const cvz_kernels *cvz_context_kernels(const cvz_context *context);

#endif
