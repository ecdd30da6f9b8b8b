/* engine/taps.h: which pixels of one map go with which of the other in a convolution by taps. For the files of engine/
 * only.
 *
 * A row of outputs is the sum over the taps of (row of x, moved by the tap and read at the stride) times (the tap's
 * C x K weights). Backward, inputs fall into parity classes by their place modulo the strides; a row of one class is
 * the same kind of sum over the taps of that class, see engine/blocks.h. Zeros around a map serve the taps outside. */
#ifndef CVZ_ENGINE_TAPS_H
#define CVZ_ENGINE_TAPS_H

#include "engine/blocks.h"
#include "engine/step.h"

/** Of fewer channels, as many neighbouring taps as the stride permits make one term. */
#define CVZ_TAPS_THIN 16

/** Zeros around a map. */
typedef struct cvz_taps_frame {
  int top, bottom, left, right;
} cvz_taps_frame;

int cvz_taps_per_term(const cvz_conv_sizes *sizes, const cvz_slide *slide);

/** Zeros around x that the windows of all outputs y reach. */
cvz_taps_frame cvz_taps_forward_frame(const cvz_slide *slide, int taps, cvz_view x, cvz_view y);

/** Zeros around dy that the inputs dx of all classes reach. */
cvz_taps_frame cvz_taps_backward_frame(const cvz_slide *slide, cvz_view dx, cvz_view dy);

/** Floats of a view with its frame. */
size_t cvz_taps_framed_floats(cvz_view view, cvz_taps_frame frame);

/** The view with a frame of zeros, dense, in `to`; the view itself if the frame is empty. */
cvz_view cvz_taps_framed(const cvz_kernels *kernels, cvz_view view, cvz_taps_frame frame, float *to);

/** The inputs of one row and one class of columns: dx's columns x, x + stride, ..., `count` of them, on row y. Tap 0 of
 *  the class reads dy at (last_y, last_x) for the first of them, tap i at i * dilation before it, and dy's next column
 *  for the next of them. */
typedef struct cvz_taps_class_row {
  int y, x, count;
  int class[2];
  int last_y, last_x;
} cvz_taps_class_row;

cvz_taps_class_row cvz_taps_class_row_of(const cvz_slide *slide, cvz_view dx, int y, int class);

/** The pixels of dx that they are. */
cvz_view cvz_taps_class_view(const cvz_slide *slide, cvz_view dx, const cvz_taps_class_row *row);

/** What is stored of a value, for sizes: no data. */
cvz_view cvz_taps_stored(const cvz_value *value);

#endif
