/* engine/report.h: what a plan does, step by step, for people and benchmarks. */
#ifndef CVZ_ENGINE_REPORT_H
#define CVZ_ENGINE_REPORT_H

#include "engine/plan.h"

/** One step. FLOPs are the multiplications and additions of convolutions and products with weights, of a forward and a
 *  backward pass together; other operators have none. */
typedef struct cvz_report_step {
  const char *layer;              /**< that the step computes; borrowed from the graph */
  const char *forward, *backward; /**< algorithm of each pass, static text */
  cvz_shape shape;                /**< of what is stored of the output: the needed region, perhaps of one channel */
  double direct;                  /**< FLOPs by direct counting over whole maps */
  double real;                    /**< FLOPs that the algorithm executes, as if no number were zero */
  size_t weights;                 /**< bytes of the packed weights that its passes read; others may share them */
  size_t buffers; /**< bytes for its output, the gradient, what it keeps between the passes and its scratch, before
                     buffers whose lives do not meet share a place */
} cvz_report_step;

/** Steps of the plan, in the order of the forward pass. */
int cvz_report_count(const cvz_plan *plan);

/** @param index  in [0, cvz_report_count) */
cvz_report_step cvz_report_step_of(const cvz_plan *plan, int index);

#endif
