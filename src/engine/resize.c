#include <math.h>

#include "engine/step.h"
#include "kernel/function.h"

/* Every output pixel is a weighted mean of a window of inputs, its weights those of its row times those of its column:
 * cvz_resize_span tells the windows. Weights are as in TensorFlow (core/kernels/image: resize_bicubic_op.cc without
 * antialiasing, sampling_kernels.h else); their sum is 1 also at a border, beyond which there is nothing.
 * x: (H, W, C), y: (OH, OW, C). The state has the weights of all stored rows, then of all columns. dx gets what each
 * output took of it. */

#define BICUBIC_PLACES 1024 /* between two pixels */

/* Rows or columns. */
typedef struct cvz_line {
  const cvz_resize *resize;
  int axis, length;            /* of the whole input */
  int first_input, first, end; /* stored input from; stored outputs */
  int taps;                    /* room for the weights of one output */
  float *weights;              /* (end - first, taps) */
} cvz_line;

static cvz_line line_of(const cvz_plan *plan, const cvz_step *step, int axis, float *weights)
{
  const cvz_value *in = cvz_step_input(plan, step, 0);
  const cvz_region out = cvz_step_output(plan, step)->region;
  cvz_line line = {.resize = &cvz_step_node(plan, step)->resize, .axis = axis, .weights = weights};
  line.length = axis ? in->shape.width : in->shape.height;
  line.first_input = axis ? in->region.x0 : in->region.y0;
  line.first = axis ? out.x0 : out.y0;
  line.end = axis ? out.x1 : out.y1;
  const double reach = (double)cvz_resize_radius(line.resize->interpolation) *
                       (double)cvz_resize_stretch(line.resize, axis, line.length);
  line.taps = reach < line.length / 2 ? 2 * (int)reach + 2 : line.length;
  return line;
}

static size_t weights_of(const cvz_line *line)
{
  return (size_t)(line->end - line->first) * (size_t)line->taps;
}

static cvz_status plan_resize(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)packs, (void)error;
  const cvz_line rows = line_of(plan, step, 0, NULL), columns = line_of(plan, step, 1, NULL);
  step->state = weights_of(&rows) + weights_of(&columns);
  return CVZ_OK;
}

/* Keys: Cubic convolution interpolation for digital image processing, 1981, with a = -1/2. */
static double bicubic(double x)
{
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double sine(double angle)
{
  double sine, cosine;
  cvz_sincos(angle, &sine, &cosine);
  return sine;
}

static double lanczos(double x, double radius)
{
  const double angle = 3.14159265358979323846 * x;
  if (x <= 1e-3) return 1;
  return x <= radius ? radius * sine(angle) * sine(angle / radius) / (angle * angle) : 0;
}

static double weight_at(cvz_interpolation interpolation, double distance)
{
  switch (interpolation) {
  case CVZ_BILINEAR:
    return distance < 1 ? 1 - distance : 0;
  case CVZ_BICUBIC:
    return bicubic(distance);
  case CVZ_LANCZOS3:
  case CVZ_LANCZOS5:
    return lanczos(distance, cvz_resize_radius(interpolation));
  default:
    return 1;
  }
}

/* Where an output lies among the inputs, 0 at the centre of the first. */
static double centre_of(const cvz_line *line, int index)
{
  const float place = cvz_resize_place(line->resize, line->axis, line->length, index) - 0.5f;
  if (line->resize->interpolation != CVZ_BICUBIC || line->resize->antialias) return (double)place;
  const float low = floorf(place);
  return (double)low + rint((double)((place - low) * BICUBIC_PLACES)) / BICUBIC_PLACES;
}

static void fill_weights(const cvz_line *line)
{
  const double stretch = (double)cvz_resize_stretch(line->resize, line->axis, line->length);
  for (int index = line->first; index < line->end; index++) {
    float *to = line->weights + (size_t)(index - line->first) * (size_t)line->taps;
    const double centre = centre_of(line, index);
    double sum = 0;
    int first, end;
    cvz_resize_span(line->resize, line->axis, line->length, index, &first, &end);
    for (int i = first; i < end; i++) sum += weight_at(line->resize->interpolation, fabs(i - centre) / stretch);
    for (int i = first; i < end; i++)
      to[i - first] = (float)(weight_at(line->resize->interpolation, fabs(i - centre) / stretch) / sum);
  }
}

static void add_scaled(float *to, const float *from, float factor, int channels)
{
  if (factor == 0) return;
  for (int k = 0; k < channels; k++) to[k] += factor * from[k];
}

/* The window of one stored output: its first stored input, its length and weights. */
typedef struct cvz_window_of_line {
  int first, count;
  const float *weights;
} cvz_window_of_line;

static cvz_window_of_line window_of(const cvz_line *line, int stored)
{
  int first, end;
  cvz_resize_span(line->resize, line->axis, line->length, line->first + stored, &first, &end);
  return (cvz_window_of_line){first - line->first_input, end - first,
                              line->weights + (size_t)stored * (size_t)line->taps};
}

/* One output pixel and its window: the pixel gets the window's mean, or the window the pixel's shares. */
static void visit_window(float *pixel, cvz_view x, cvz_window_of_line row, cvz_window_of_line column, bool backward)
{
  for (int i = 0; i < row.count; i++)
    for (int j = 0; j < column.count; j++) {
      float *input = cvz_view_pixel(x, row.first + i, column.first + j);
      const float weight = row.weights[i] * column.weights[j];
      add_scaled(backward ? input : pixel, backward ? pixel : input, weight, x.channels);
    }
}

static void visit_windows(const cvz_context *context, cvz_view y, cvz_view x, bool backward)
{
  float *weights = cvz_context_state(context);
  const cvz_line rows = line_of(context->plan, context->step, 0, weights);
  const cvz_line columns = line_of(context->plan, context->step, 1, weights + weights_of(&rows));
  if (!backward) fill_weights(&rows), fill_weights(&columns);
  for (int i = 0; i < y.height; i++) {
    const cvz_window_of_line row = window_of(&rows, i);
    for (int j = 0; j < y.width; j++) visit_window(cvz_view_pixel(y, i, j), x, row, window_of(&columns, j), backward);
  }
}

static void forward_resize(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context);
  cvz_context_kernels(context)->fill(y, 0.0f);
  visit_windows(context, y, cvz_context_input(context, 0), false);
}

static void backward_resize(const cvz_context *context)
{
  visit_windows(context, cvz_context_output_gradient(context), cvz_context_input_gradient(context, 0), true);
}

const cvz_operator cvz_operator_resize = {.plan = plan_resize,
                                          .forward = {"resize", forward_resize, false},
                                          .backward = {"resize", backward_resize, false},
                                          .channelwise = true};
