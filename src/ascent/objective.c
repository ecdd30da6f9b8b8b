#include "ascent/objective.h"

#include <math.h>

#define LUCID_EPSILON 1e-4
#define LUCID_FLOOR   0.1

cvz_region cvz_objective_region(cvz_shape map, int border, bool *whole)
{
  const bool empty = map.height <= 2 * border || map.width <= 2 * border;
  if (whole) *whole = empty;
  if (empty) return cvz_region_whole(map);
  return (cvz_region){border, map.height - border, border, map.width - border};
}

static const cvz_term selected_channel = {.kind = CVZ_TERM_CHANNEL, .weight = 1};

cvz_objective cvz_objective_channel(void)
{
  return (cvz_objective){&selected_channel, 1};
}

static double channel_value(const cvz_term *term, int channels, const float *x)
{
  (void)channels;
  return (double)x[term->channel];
}

/* dx += factor * d value / d x */
static void channel_gradient(const cvz_term *term, int channels, const float *x, double factor, float *dx)
{
  (void)channels, (void)x;
  dx[term->channel] += (float)factor;
}

/* What a pixel and a direction make of each other. */
typedef struct cosine {
  double dot, length; /* x . v, |x| */
  double scale;       /* of the dot product in the cosine: 1 / ((epsilon + |x|) (epsilon + |v|)) */
  double floored;     /* cosine, at least LUCID_FLOOR */
  bool above;         /* the cosine is above it */
} cosine;

static cosine cosine_of(const cvz_term *term, int channels, const float *x)
{
  double dot = 0, xx = 0, vv = 0;
  for (int c = 0; c < channels; c++) {
    const double a = (double)x[c], v = (double)term->vector[c];
    dot += a * v, xx += a * a, vv += v * v;
  }
  cosine made = {.dot = dot, .length = sqrt(xx)};
  made.scale = 1 / ((LUCID_EPSILON + made.length) * (LUCID_EPSILON + sqrt(vv)));
  made.above = dot * made.scale > LUCID_FLOOR;
  made.floored = made.above ? dot * made.scale : LUCID_FLOOR;
  return made;
}

static double raised(double base, int power)
{
  double product = 1;
  for (int i = 0; i < power; i++) product *= base;
  return product;
}

static double direction_value(const cvz_term *term, int channels, const float *x)
{
  const cosine c = cosine_of(term, channels, x);
  return c.dot * raised(c.floored, term->power);
}

/* d cos / dx = scale v - scale dot x / (|x| (epsilon + |x|)), where |x| has the derivative 0 at 0. */
static void direction_gradient(const cvz_term *term, int channels, const float *x, double factor, float *dx)
{
  const cosine c = cosine_of(term, channels, x);
  const bool bends = term->power > 0 && c.above;
  const double outer = bends ? c.dot * term->power * raised(c.floored, term->power - 1) * c.scale : 0;
  const double along = raised(c.floored, term->power) + outer;
  const double back = c.length > 0 ? outer * c.dot / (c.length * (LUCID_EPSILON + c.length)) : 0;
  for (int i = 0; i < channels; i++) dx[i] += (float)(factor * (along * (double)term->vector[i] - back * (double)x[i]));
}

static double square_value(const cvz_term *term, int channels, const float *x)
{
  (void)term;
  double sum = 0;
  for (int c = 0; c < channels; c++) sum += (double)x[c] * (double)x[c];
  return sum / channels;
}

static void square_gradient(const cvz_term *term, int channels, const float *x, double factor, float *dx)
{
  (void)term;
  for (int c = 0; c < channels; c++) dx[c] += (float)(factor * 2 / channels * (double)x[c]);
}

/* Of one pixel; NULL: the term is of the whole part. */
static const struct {
  double (*value)(const cvz_term *term, int channels, const float *x);
  void (*gradient)(const cvz_term *term, int channels, const float *x, double factor, float *dx);
} kinds[] = {
    [CVZ_TERM_CHANNEL] = {channel_value, channel_gradient},
    [CVZ_TERM_DIRECTION] = {direction_value, direction_gradient},
    [CVZ_TERM_SQUARE] = {square_value, square_gradient},
    [CVZ_TERM_DIVERSITY] = {NULL, NULL},
};

static cvz_view part_of(const cvz_term *term, cvz_view map)
{
  const cvz_region part = term->part;
  if (part.y0 == part.y1) return map;
  return cvz_view_crop(map, part.y0, part.x0, cvz_region_height(part), cvz_region_width(part));
}

cvz_view cvz_objective_part(const cvz_term *term, const cvz_run *run)
{
  return part_of(term, cvz_run_map(run, term->map));
}

static void measure_whole(const cvz_term *term, cvz_view part, cvz_term_sums *sums)
{
  const double value = term->diversity ? cvz_diversity_value(term->diversity, part.channels) : 0;
  sums->sum += value, sums->squares += value * value, sums->count++;
}

static void measure(const cvz_term *term, const cvz_run *run, cvz_term_sums *sums)
{
  const cvz_view part = cvz_objective_part(term, run);
  if (!kinds[term->kind].value) {
    measure_whole(term, part, sums);
    return;
  }
  for (int y = 0; y < part.height; y++)
    for (int x = 0; x < part.width; x++) {
      const double value = kinds[term->kind].value(term, part.channels, cvz_view_pixel(part, y, x));
      sums->sum += value, sums->squares += value * value, sums->count++;
    }
}

void cvz_objective_measure(const cvz_objective *objective, const cvz_run *run, cvz_term_sums *sums)
{
  for (int i = 0; i < objective->count; i++) measure(&objective->terms[i], run, &sums[i]);
}

double cvz_objective_value(const cvz_objective *objective, const cvz_run *run)
{
  double value = 0;
  for (int i = 0; i < objective->count; i++) {
    const cvz_term *term = &objective->terms[i];
    cvz_term_sums sums = {0};
    measure(term, run, &sums);
    value += term->weight * (sums.sum / sums.count);
  }
  return value;
}

void cvz_objective_spread(const cvz_objective *objective, const cvz_term_sums *sums, double *mean, double *deviation)
{
  double variance = 0;
  *mean = 0;
  for (int i = 0; i < objective->count; i++) {
    const double weight = objective->terms[i].weight, own = sums[i].sum / sums[i].count;
    const double spread = sums[i].squares / sums[i].count - own * own;
    *mean += weight * own;
    variance += weight * weight * (spread > 0 ? spread : 0);
  }
  *deviation = sqrt(variance);
}

/* What the run's seed needs to know. */
typedef struct seeding {
  const cvz_objective *objective;
  int views;
} seeding;

static void add_term(const cvz_term *term, int views, cvz_view map, cvz_view gradient)
{
  const cvz_view x = part_of(term, map), dx = part_of(term, gradient);
  if (!kinds[term->kind].gradient) {
    if (term->diversity) cvz_diversity_gradient(term->diversity, x, term->weight / views, dx);
    return;
  }
  const double factor = term->weight * (double)(1.0f / ((float)x.height * (float)x.width) / (float)views);
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++)
      kinds[term->kind].gradient(term, x.channels, cvz_view_pixel(x, i, j), factor, cvz_view_pixel(dx, i, j));
}

static void add_terms(const void *context, int index, cvz_view map, cvz_view gradient)
{
  const seeding *s = context;
  for (int i = 0; i < s->objective->count; i++)
    if (s->objective->terms[i].map == index) add_term(&s->objective->terms[i], s->views, map, gradient);
}

void cvz_objective_backward(const cvz_objective *objective, cvz_run *run, int views)
{
  const seeding s = {objective, views};
  cvz_run_backward_from(run, (cvz_run_seed){add_terms, &s});
}
