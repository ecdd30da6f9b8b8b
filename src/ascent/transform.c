#include "ascent/transform.h"

#include <math.h>

#include "kernel/function.h"

/* The place in the image of a point p of the view, both from their middles: place = shift + matrix p. Rows first. */
typedef struct cvz_similarity {
  double matrix[2][2], shift[2];
} cvz_similarity;

static bool scales(const cvz_transform_recipe *r)
{
  return r->scale_low != r->scale_high || !(r->scale_low == 0 || r->scale_low == 1);
}

bool cvz_transform_is_none(const cvz_transform_recipe *r, cvz_shape image, cvz_shape view)
{
  const bool moves = r->jitter > 0 || r->late_jitter > 0 || scales(r) || r->rotate > 0 || r->flip;
  return !moves && !(r->box_first > 0) && !(r->noise > 0) && r->octaves <= 1 && cvz_shape_equal(image, view);
}

/* One of the whole numbers 0 .. count - 1. */
static int whole(float draw, int count)
{
  const int n = (int)(draw * (float)count);
  return n < count ? n : count - 1;
}

/* One of `count` values evenly from low to high, or any between if that is 0. */
static double value_between(float draw, double low, double high, int count)
{
  if (count == 1) return low;
  return low + (high - low) * (count ? (double)whole(draw, count) / (count - 1) : (double)draw);
}

static double shift_of(float draw, int jitter)
{
  return whole(draw, jitter + 1) - jitter / 2.0;
}

static double angle_of(const cvz_transform_recipe *r, const float *draws)
{
  if (!(r->rotate > 0)) return 0;
  const int zeros = r->rotate_zeros;
  if (r->rotate_count && whole(draws[0], r->rotate_count + zeros) >= r->rotate_count) return 0;
  return value_between(draws[1], -(double)r->rotate, (double)r->rotate, r->rotate_count) * (CVZ_PI / 180);
}

/* Pixels of the image for one of the view. */
static double reduction(const cvz_transform_recipe *r, double image, double view, double progress)
{
  if (r->octaves <= 1) return image / view;
  const int octave = (int)(progress * r->octaves), left = r->octaves - 1 - octave;
  return left > 0 ? cvz_power((double)r->octave_scale, left) : 1;
}

static void normal_pair(const float *draws, double pair[2])
{
  const double radius = sqrt(-2 * cvz_log(1 - (double)draws[0]));
  cvz_sincos(2 * CVZ_PI * (double)draws[1], &pair[1], &pair[0]);
  pair[0] *= radius;
  pair[1] *= radius;
}

/* A square box as tf.image.crop_and_resize takes it: its corners are the middles of the view's corner pixels.
 * Source: maco_optimisation_step in xplique/features_visualizations/maco.py. */
static void draw_box(const cvz_transform_recipe *r, const int *image, const int *view, const float *draws,
                     double progress, cvz_similarity *s)
{
  double centre[2], size[2];
  normal_pair(draws, centre);
  normal_pair(draws + 2, size);
  const double mean = (double)r->box_first + ((double)r->box_last - (double)r->box_first) * progress;
  const double side = fmin(fmax(mean + 0.05 * size[0], 0.05), 1);
  for (int i = 0; i < 2; i++) {
    s->matrix[i][i] = side * (image[i] - 1) / (view[i] > 1 ? view[i] - 1 : 1);
    s->shift[i] = 0.15 * centre[i] * (image[i] - 1);
  }
}

/* Multiplies the matrix from the right by [[cos, -sin], [sin, cos]] / scale. */
static void turn(cvz_similarity *s, double angle, double scale)
{
  double sine, cosine;
  cvz_sincos(angle, &sine, &cosine);
  for (int i = 0; i < 2; i++) {
    const double a = s->matrix[i][0] / scale, b = s->matrix[i][1] / scale;
    s->matrix[i][0] = a * cosine + b * sine;
    s->matrix[i][1] = b * cosine - a * sine;
  }
}

/* From the middles to the upper left pixels. */
static cvz_sampling sampling_of(const cvz_similarity *s, const int *image, const int *view, cvz_beyond beyond,
                                const float *fill)
{
  double first[2];
  for (int i = 0; i < 2; i++)
    first[i] = (image[i] - 1) / 2.0 + s->shift[i] - s->matrix[i][0] * (view[0] - 1) / 2.0 -
               s->matrix[i][1] * (view[1] - 1) / 2.0;
  return (cvz_sampling){.y = CVZ_FIXED(first[0]),
                        .y_down = CVZ_FIXED(s->matrix[0][0]),
                        .y_right = CVZ_FIXED(s->matrix[0][1]),
                        .x = CVZ_FIXED(first[1]),
                        .x_down = CVZ_FIXED(s->matrix[1][0]),
                        .x_right = CVZ_FIXED(s->matrix[1][1]),
                        .beyond = beyond,
                        .fill = fill};
}

cvz_sampling cvz_transform_draw(const cvz_transform_recipe *r, cvz_shape image, cvz_shape view, const float *draws,
                                double progress, const float *fill)
{
  const int sides[2] = {image.height, image.width}, seen[2] = {view.height, view.width};
  cvz_similarity s = {0};
  for (int i = 0; i < 2; i++) s.matrix[i][i] = reduction(r, sides[i], seen[i], progress);
  if (r->box_first > 0) draw_box(r, sides, seen, draws + 12, progress, &s);
  if (r->jitter > 0)
    for (int i = 0; i < 2; i++) s.shift[i] += shift_of(draws[i], r->jitter);
  const double scale =
      r->scale_low > 0 ? value_between(draws[2], (double)r->scale_low, (double)r->scale_high, r->scale_count) : 1;
  turn(&s, angle_of(r, draws + 3), scale);
  if (r->flip && draws[5] >= 0.5f)
    for (int i = 0; i < 2; i++) s.matrix[i][1] = -s.matrix[i][1];
  if (r->late_jitter > 0)
    for (int j = 0; j < 2; j++) {
      const double shift = shift_of(draws[6 + j], r->late_jitter);
      for (int i = 0; i < 2; i++) s.shift[i] += s.matrix[i][j] * shift;
    }
  return sampling_of(&s, sides, seen, r->beyond, fill);
}

cvz_sampling cvz_transform_plain(const cvz_transform_recipe *r, cvz_shape image, cvz_shape view, const float *fill)
{
  const int sides[2] = {image.height, image.width}, seen[2] = {view.height, view.width};
  cvz_similarity s = {0};
  for (int i = 0; i < 2; i++) s.matrix[i][i] = (double)sides[i] / seen[i];
  return sampling_of(&s, sides, seen, r->beyond, fill);
}
