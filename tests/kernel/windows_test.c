/* Depthwise convolution and pooling of every instruction set, with their epilogues, against plain loops in double
 * precision. */
#include <math.h>
#include <string.h>

#include "tables.h"

enum { ROOM = 36000, WORDS = 1400, MARGIN = 40 };

static const int channel_counts[] = {1, 3, 17, 64, 65, 130};
#define COUNTS (sizeof channel_counts / sizeof *channel_counts)

static const cvz_clamp clamps[] = {{1, INFINITY}, {0, INFINITY}, {0, 0.7f}, {0.25f, 0.7f}};
#define CLAMPS (sizeof clamps / sizeof *clamps)

/* What one call reads and writes: maps x and y, their residual, weights and bits, each within marked surroundings. */
typedef struct field {
  float x[ROOM], y[ROOM], residual[ROOM], weights[81 * 130], offset[130];
  uint64_t passed[WORDS], kept[WORDS];
  uint16_t arg[ROOM];
} field;

static field now, was;

static void start(uint32_t stream)
{
  static field first;
  static bool made;
  if (!made) {
    fill_random(first.x, ROOM, stream);
    fill_random(first.y, ROOM, stream + 1);
    fill_random(first.residual, ROOM, stream + 2);
    fill_random(first.weights, 81 * 130, stream + 3);
    fill_random(first.offset, 130, stream + 4);
    for (int i = 0; i < WORDS; i++) {
      uint32_t half[2];
      memcpy(half, first.x + 2 * i, sizeof half);
      first.passed[i] = first.kept[i] = ((uint64_t)(half[0] * 2654435761u) << 32) | (half[1] * 2246822519u);
    }
    made = true;
  }
  now = first;
  was = first;
}

/* Dense, or with room between pixels and rows; what surrounds it must stay. */
static cvz_view place(float *data, int height, int width, int channels, bool loose)
{
  const size_t pixel = (size_t)channels + (loose ? 3 : 0), row = (size_t)width * pixel + (loose ? 5 : 0);
  assert_true(MARGIN + (size_t)height * row <= ROOM);
  return (cvz_view){data + MARGIN, height, width, channels, row, pixel};
}

static cvz_bits bits(uint64_t *data, cvz_view view, bool loose)
{
  const size_t pixel = cvz_bits_words(view.channels) + loose, row = (size_t)view.width * pixel + loose;
  assert_true(1 + (size_t)view.height * row <= WORDS);
  return (cvz_bits){data + 1, row, pixel};
}

/* The element of `was` beside one of `now`. */
static float before(const float *element)
{
  const size_t offset = (size_t)((const char *)element - (const char *)&now);
  float value;
  memcpy(&value, (const char *)&was + offset, sizeof value);
  return value;
}

static void assert_near(double value, double expected, double bound)
{
  if (!(fabs(value - expected) <= bound)) fail_msg("%.9g, expected %.9g within %g", value, expected, bound);
}

/* Puts back what a call may have written to a view; what then differs was not its to write. */
static void restore(cvz_view view)
{
  for (int i = 0; i < view.height; i++)
    for (int j = 0; j < view.width; j++)
      for (int c = 0; c < view.channels; c++) at(view, i, j)[c] = before(at(view, i, j) + c);
}

static void restore_bits(cvz_bits mask, cvz_view view)
{
  const size_t words = cvz_bits_words(view.channels), first = (size_t)(mask.data - now.passed);
  for (int i = 0; i < view.height; i++)
    for (int j = 0; j < view.width; j++)
      for (size_t w = 0; w < words; w++) {
        const size_t word = (size_t)i * mask.row + (size_t)j * mask.pixel + w;
        if (w + 1 == words && view.channels % 64) assert_true(mask.data[word] >> (view.channels % 64) == 0);
        now.passed[first + word] = was.passed[first + word];
      }
}

static void nothing_else_changed(void)
{
  assert_memory_equal(&now, &was, sizeof now);
}

static double clamped(double v, cvz_clamp clamp)
{
  return v < 0 ? v * (double)clamp.slope : fmin(v, (double)clamp.max);
}

/* The stored element and its bit, given the double product of the elements. */
static void check_finished(cvz_view y, const cvz_epilogue *e, int i, int j, int c, double product)
{
  const float *element = at(y, i, j) + c;
  double v = product + (e->offset ? (double)e->offset[c] : 0);
  if (e->residual.data) v += (double)at(e->residual, i, j)[c];
  if (e->accumulate) v += (double)before(element);
  const bool kept = !e->kept.data || bit(e->kept, i, j, c);
  assert_near(*element, kept ? clamped(v, e->clamp) : 0, 2e-5);
  const bool unsure = fabs(v) < 1e-4 || fabs(v - (double)e->clamp.max) < 1e-4;
  if (!e->passed.data || unsure) return;
  const bool passes = v > 0 ? v < (double)e->clamp.max : e->clamp.slope != 0;
  assert_int_equal(bit(e->passed, i, j, c), passes);
}

static cvz_epilogue epilogue_of(int form, cvz_view y, bool loose, cvz_clamp clamp)
{
  cvz_epilogue e = {.clamp = clamp};
  if (form & 1) e.offset = now.offset;
  if (form & 2) e.passed = bits(now.passed, y, loose);
  if (form & 4) e.kept = bits(now.kept, y, loose);
  if (form & 8) e.residual = place(now.residual, y.height, y.width, y.channels, loose);
  if (form & 16) e.accumulate = true;
  return e;
}

/* Kernels that are unrolled and others; strides; windows that begin before, at and after the first element. */
static const cvz_slide slides[] = {
    {{3, 3}, {1, 1}, {1, 1}, {1, 1}},  {{3, 3}, {2, 2}, {1, 1}, {0, 0}},  {{3, 3}, {2, 2}, {1, 1}, {1, 1}},
    {{5, 5}, {1, 1}, {1, 1}, {2, 2}},  {{5, 5}, {2, 2}, {1, 1}, {1, 2}},  {{7, 7}, {1, 1}, {1, 1}, {3, 3}},
    {{7, 7}, {2, 2}, {1, 1}, {2, 3}},  {{3, 3}, {1, 1}, {1, 1}, {-1, 0}}, {{3, 2}, {2, 1}, {1, 1}, {-1, -2}},
    {{1, 1}, {2, 2}, {1, 1}, {0, 0}},  {{1, 1}, {2, 3}, {1, 1}, {-1, 0}}, {{1, 1}, {1, 1}, {1, 1}, {1, 0}},
    {{3, 3}, {1, 1}, {2, 3}, {2, 3}},  {{3, 4}, {2, 3}, {3, 2}, {3, 2}},  {{2, 4}, {4, 2}, {2, 2}, {1, 3}},
    {{2, 2}, {3, 3}, {1, 1}, {1, 0}},  {{9, 6}, {1, 2}, {1, 1}, {4, 2}},  {{2, 2}, {2, 2}, {1, 1}, {0, 0}},
    {{3, 3}, {1, 1}, {1, 1}, {-2, 2}},
};
#define SLIDES (sizeof slides / sizeof *slides)

/* Runs `body` for every table, slide, number of channels and size of x, with y as large as windows begin inside. */
#define EACH_CASE(k, s, x, y, loose)                                                                                   \
  for (int isa_ = 0; isa_ <= (int)cvz_cpu_isa(); isa_++)                                                               \
    for (size_t n_ = 0; n_ < SLIDES * COUNTS * 3; n_++)                                                                \
      for (const cvz_kernels *k = table(isa_); k; k = NULL)                                                            \
        for (const cvz_slide *s = &slides[n_ % SLIDES]; s; s = NULL)                                                   \
          for (bool loose = (n_ / SLIDES + n_ / SLIDES / COUNTS) % 2, once_ = (start(1), true); once_; once_ = false)  \
            for (cvz_view x = input(s, n_ / SLIDES, loose), y = output(s, x, loose); once_; once_ = false)

static cvz_view input(const cvz_slide *s, size_t n, bool loose)
{
  static const int sizes[3][2] = {{5, 7}, {9, 14}, {12, 11}};
  const int *size = sizes[n / COUNTS], channels = channel_counts[n % COUNTS];
  (void)s;
  return place(now.x, size[0], size[1], channels, loose);
}

/* Windows until one begins behind the end. */
static int outputs(const cvz_slide *s, int axis, int length)
{
  const int count = (length - 1 + s->before[axis]) / s->stride[axis] + 1;
  return count < 1 ? 1 : count;
}

static cvz_view output(const cvz_slide *s, cvz_view x, bool loose)
{
  return place(now.y, outputs(s, 0, x.height), outputs(s, 1, x.width), x.channels, loose);
}

/* The element that a tap of an output sees, NULL for padding. */
static float *seen(const cvz_slide *s, cvz_view x, int i, int j, int tap, int c)
{
  const int row = i * s->stride[0] - s->before[0] + tap / s->kernel[1] * s->dilation[0];
  const int column = j * s->stride[1] - s->before[1] + tap % s->kernel[1] * s->dilation[1];
  return row >= 0 && row < x.height && column >= 0 && column < x.width ? at(x, row, column) + c : NULL;
}

static int taps_of(const cvz_slide *s)
{
  return s->kernel[0] * s->kernel[1];
}

#define FOR_ELEMENTS(view, i, j, c)                                                                                    \
  for (int i = 0; i < (view).height; i++)                                                                              \
    for (int j = 0; j < (view).width; j++)                                                                             \
      for (int c = 0; c < (view).channels; c++)

static void depthwise_equals_plain_loops_with_every_epilogue(void **state)
{
  (void)state;
  EACH_CASE(k, s, x, y, loose)
  for (int part = 0; part < 4; part++) {
    start(1);
    const int form = (5 * x.channels + 3 * x.width + 11 * taps_of(s) + s->stride[0] + 8 * part) % 32;
    const cvz_epilogue e = epilogue_of(form, y, loose, clamps[(size_t)(part + x.channels) % CLAMPS]);
    k->depthwise(s, y, x, now.weights, 1, &e);
    FOR_ELEMENTS(y, i, j, c)
    {
      double sum = 0;
      for (int tap = 0; tap < taps_of(s); tap++) {
        const float *from = seen(s, x, i, j, tap, c);
        if (from) sum += (double)*from * (double)now.weights[tap * x.channels + c];
      }
      check_finished(y, &e, i, j, c, sum);
    }
    restore(y);
    if (e.passed.data) restore_bits(e.passed, y);
    nothing_else_changed();
  }
}

static double sums[ROOM];

static double *sum_of(cvz_view x, const float *element)
{
  return &sums[element - x.data];
}

static void depthwise_backward_is_the_adjoint(void **state)
{
  (void)state;
  EACH_CASE(k, s, dx, dy, loose)
  {
    memset(sums, 0, sizeof sums);
    FOR_ELEMENTS(dy, i, j, c)
    for (int tap = 0; tap < taps_of(s); tap++) {
      const float *to = seen(s, dx, i, j, tap, c);
      if (to) *sum_of(dx, to) += (double)at(dy, i, j)[c] * (double)now.weights[tap * dx.channels + c];
    }
    for (int form = 0; form < 4; form++) {
      start(1);
      const cvz_epilogue e = epilogue_of((form & 1 ? 4 : 0) | (form & 2 ? 16 : 0), dx, loose, clamps[0]);
      k->depthwise_backward(s, dx, dy, now.weights, 1, &e);
      FOR_ELEMENTS(dx, i, j, c) check_finished(dx, &e, i, j, c, *sum_of(dx, at(dx, i, j) + c));
      restore(dx);
      nothing_else_changed();
    }
  }
}

static void a_multiplier_spreads_a_channel(void **state)
{
  (void)state;
  const cvz_slide slide = {{3, 3}, {2, 1}, {1, 1}, {1, 1}};
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++)
    for (int multiplier = 2; multiplier < 4; multiplier++)
      for (int accumulate = 0; accumulate < 2; accumulate++) {
        start(1);
        const int channels = 5, filters = channels * multiplier;
        const cvz_view x = place(now.x, 5, 6, channels, true), y = place(now.y, 3, 6, filters, true);
        const cvz_epilogue forward = epilogue_of(3, y, true, clamps[2]);
        table(isa)->depthwise(&slide, y, x, now.weights, multiplier, &forward);
        FOR_ELEMENTS(y, i, j, c)
        {
          double sum = 0;
          for (int tap = 0; tap < 9; tap++) {
            const float *from = seen(&slide, x, i, j, tap, c / multiplier);
            if (from) sum += (double)*from * (double)now.weights[tap * filters + c];
          }
          check_finished(y, &forward, i, j, c, sum);
        }
        restore(y);
        restore_bits(forward.passed, y);
        nothing_else_changed();
        memset(sums, 0, sizeof sums);
        FOR_ELEMENTS(y, i, j, c)
        for (int tap = 0; tap < 9; tap++) {
          const float *to = seen(&slide, x, i, j, tap, c / multiplier);
          if (to) *sum_of(x, to) += (double)at(y, i, j)[c] * (double)now.weights[tap * filters + c];
        }
        const cvz_epilogue backward = epilogue_of(accumulate ? 20 : 4, x, true, clamps[0]);
        table(isa)->depthwise_backward(&slide, x, y, now.weights, multiplier, &backward);
        FOR_ELEMENTS(x, i, j, c) check_finished(x, &backward, i, j, c, *sum_of(x, at(x, i, j) + c));
        restore(x);
        nothing_else_changed();
      }
}

static int elements(const cvz_slide *s, cvz_view x, int i, int j)
{
  int count = 0;
  for (int tap = 0; tap < taps_of(s); tap++) count += seen(s, x, i, j, tap, 0) != NULL;
  return count;
}

/* Pooling is undefined over nothing. */
static bool some_window_is_empty(const cvz_slide *s, cvz_view x, cvz_view y)
{
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++)
      if (!elements(s, x, i, j)) return true;
  return false;
}

/* Coarse numbers, so that maxima are not unique. */
static void coarsen(cvz_view x)
{
  FOR_ELEMENTS(x, i, j, c) at(x, i, j)[c] = roundf(at(x, i, j)[c] * 2);
  was = now;
}

static int first_maximum(const cvz_slide *s, cvz_view x, int i, int j, int c)
{
  int best = -1;
  for (int tap = 0; tap < taps_of(s); tap++) {
    const float *from = seen(s, x, i, j, tap, c);
    if (from && (best < 0 || *from > *seen(s, x, i, j, best, c))) best = tap;
  }
  return best;
}

static void max_pooling_finds_the_first_maximum_and_gives_it_the_gradient(void **state)
{
  (void)state;
  EACH_CASE(k, s, x, y, loose)
  for (int accumulate = 0; accumulate < 2 && !some_window_is_empty(s, x, y); accumulate++) {
    start(1);
    coarsen(x);
    k->maxpool(s, y, x, now.arg + MARGIN, false);
    memset(sums, 0, sizeof sums);
    const uint16_t *arg = now.arg + MARGIN;
    FOR_ELEMENTS(y, i, j, c)
    {
      const int best = first_maximum(s, x, i, j, c);
      const float *from = seen(s, x, i, j, best, c);
      assert_true(at(y, i, j)[c] == *from);
      if (taps_of(s) > 1) assert_int_equal(*arg, best);
      arg++;
      *sum_of(x, from) += (double)before(at(y, i, j) + c);
    }
    restore(y);
    k->maxpool_backward(s, x, y, now.arg + MARGIN, accumulate);
    FOR_ELEMENTS(x, i, j, c)
    {
      const float *element = at(x, i, j) + c;
      assert_near(*element, *sum_of(x, element) + (accumulate ? (double)before(element) : 0), 1e-5);
    }
    restore(x);
    memset(now.arg + MARGIN, 0, (size_t)(arg - (now.arg + MARGIN)) * sizeof *arg);
    nothing_else_changed();
  }
}

static void average_pooling_counts_what_is_inside(void **state)
{
  (void)state;
  EACH_CASE(k, s, x, y, loose)
  for (int accumulate = 0; accumulate < 2 && !some_window_is_empty(s, x, y); accumulate++) {
    start(1);
    k->avgpool(s, y, x);
    memset(sums, 0, sizeof sums);
    FOR_ELEMENTS(y, i, j, c)
    {
      double sum = 0;
      const double count = elements(s, x, i, j);
      for (int tap = 0; tap < taps_of(s); tap++) {
        const float *from = seen(s, x, i, j, tap, c);
        if (!from) continue;
        sum += (double)*from;
        *sum_of(x, from) += (double)before(at(y, i, j) + c) / count;
      }
      assert_near(at(y, i, j)[c], sum / count, 1e-6);
    }
    restore(y);
    nothing_else_changed();
    k->avgpool_backward(s, x, y, accumulate);
    FOR_ELEMENTS(x, i, j, c)
    {
      const float *element = at(x, i, j) + c;
      assert_near(*element, *sum_of(x, element) + (accumulate ? (double)before(element) : 0), 5e-6);
    }
    restore(x);
    nothing_else_changed();
  }
}

static void finishing_in_place_equals_plain_loops(void **state)
{
  (void)state;
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++)
    for (size_t n = 0; n < COUNTS * 16 * CLAMPS * 2; n++) {
      start(1);
      const bool loose = n % 2;
      const cvz_view y = place(now.y, 3, 5, channel_counts[n / 2 % COUNTS], loose);
      const cvz_epilogue e = epilogue_of((int)(n / 2 / COUNTS % 16), y, loose, clamps[n / 2 / COUNTS / 16]);
      table(isa)->finish(y, &e);
      FOR_ELEMENTS(y, i, j, c) check_finished(y, &e, i, j, c, (double)before(at(y, i, j) + c));
      restore(y);
      if (e.passed.data) restore_bits(e.passed, y);
      nothing_else_changed();
    }
}

static void affine_marks_what_passed_and_its_gradient_is_kept_there(void **state)
{
  (void)state;
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++)
    for (size_t n = 0; n < COUNTS * 8 * CLAMPS; n++) {
      start(1);
      const bool loose = n % 2, scales = n / 2 % 2, accumulate = n / 4 % 2;
      const int channels = channel_counts[n / 8 % COUNTS];
      const cvz_view x = place(now.x, 3, 5, channels, loose), y = place(now.y, 3, 5, channels, loose);
      const float *scale = scales ? now.weights : NULL;
      const cvz_epilogue e = epilogue_of(3, y, loose, clamps[n / 8 / COUNTS]);
      table(isa)->affine(y, x, scale, now.offset, e.clamp, e.passed);
      FOR_ELEMENTS(y, i, j, c)
      check_finished(y, &e, i, j, c, (double)at(x, i, j)[c] * (scale ? (double)scale[c] : 1));
      restore(y);
      restore_bits(e.passed, y);
      nothing_else_changed();
      const cvz_bits kept = bits(now.kept, y, loose);
      table(isa)->affine_backward(x, y, scale, kept, accumulate);
      table(isa)->keep(y, kept);
      FOR_ELEMENTS(x, i, j, c)
      {
        const double dy = bit(kept, i, j, c) ? (double)before(at(y, i, j) + c) : 0;
        assert_true((double)at(y, i, j)[c] == dy);
        const double sum = dy * (scale ? (double)scale[c] : 1);
        assert_near(at(x, i, j)[c], sum + (accumulate ? (double)before(at(x, i, j) + c) : 0), 1e-6);
      }
      restore(x);
      restore(y);
      nothing_else_changed();
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(depthwise_equals_plain_loops_with_every_epilogue),
      cmocka_unit_test(depthwise_backward_is_the_adjoint),
      cmocka_unit_test(a_multiplier_spreads_a_channel),
      cmocka_unit_test(max_pooling_finds_the_first_maximum_and_gives_it_the_gradient),
      cmocka_unit_test(average_pooling_counts_what_is_inside),
      cmocka_unit_test(finishing_in_place_equals_plain_loops),
      cmocka_unit_test(affine_marks_what_passed_and_its_gradient_is_kept_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
