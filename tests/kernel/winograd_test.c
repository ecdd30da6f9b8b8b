/* The Winograd transforms of every instruction set that this processor has, against convolutions in double precision.
 */
#include "kernel/winograd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

enum { GUARD = 64 };

#define BOUND       3e-6 /* of the largest output */
#define LARGE_BOUND 1e-5

/* A view with room between its pixels and rows, inside a buffer of its own with random numbers all over. */
typedef struct map {
  cvz_view view;
  float *memory, *copy;
  size_t count;
} map;

static map map_new(int height, int width, int channels, uint32_t stream)
{
  const size_t pixel = (size_t)channels + 3, row = (size_t)width * pixel + 5;
  map m = {.count = (size_t)height * row + 2 * GUARD};
  m.memory = random_floats(m.count, stream);
  m.copy = malloc(m.count * sizeof *m.copy);
  memcpy(m.copy, m.memory, m.count * sizeof *m.copy);
  m.view = (cvz_view){m.memory + GUARD, height, width, channels, row, pixel};
  return m;
}

static void map_free(map m)
{
  free(m.memory);
  free(m.copy);
}

/* What the element was before the kernel ran. */
static float earlier(map m, int y, int x, int c)
{
  return m.copy[at(m.view, y, x) + c - m.memory];
}

/* True if nothing outside of the view has changed. */
static void assert_rest_untouched(map m)
{
  for (int y = 0; y < m.view.height; y++)
    for (int x = 0; x < m.view.width; x++) {
      float *pixel = at(m.view, y, x);
      memcpy(m.copy + (pixel - m.memory), pixel, (size_t)m.view.channels * sizeof *pixel);
    }
  assert_memory_equal(m.memory, m.copy, m.count * sizeof *m.memory);
}

/* One convolution: sizes, where it starts, and its weights (taps, taps, inputs, outputs). */
typedef struct convolution {
  int height, width, inputs; /* of x */
  int out_height, out_width, outputs;
  int before[2];
  int taps, stride, tile; /* 3 and 1, or 5 to 8 and 2 */
  const float *weights;
} convolution;

static double convolved(const convolution *conv, cvz_view x, int oy, int ox, int k)
{
  double sum = 0;
  for (int r = 0; r < conv->taps; r++)
    for (int s = 0; s < conv->taps; s++) {
      const int y = oy * conv->stride - conv->before[0] + r, left = ox * conv->stride - conv->before[1] + s;
      if (y < 0 || y >= x.height || left < 0 || left >= x.width) continue;
      const float *from = at(x, y, left), *w = conv->weights + (r * conv->taps + s) * conv->inputs * conv->outputs + k;
      for (int c = 0; c < conv->inputs; c++) sum += (double)from[c] * (double)w[c * conv->outputs];
    }
  return sum;
}

/* Channels of the transformed inputs. */
static int depth(const convolution *conv)
{
  return conv->inputs * conv->stride * conv->stride;
}

static size_t points_of(const convolution *conv)
{
  return (size_t)cvz_winograd_points(conv->tile);
}

/* (points, depth, outputs) */
static float *transformed_weights(const convolution *conv)
{
  const int block = conv->inputs * conv->outputs, size = depth(conv) * conv->outputs;
  float *u = malloc((size_t)size * points_of(conv) * sizeof *u);
  for (int i = 0; i < size; i++) {
    double point[CVZ_WINOGRAD_MOST_POINTS];
    const float *kernel = conv->weights + i % block;
    if (conv->stride == 1)
      cvz_winograd_weights(conv->tile, point, kernel, 3 * block, block);
    else
      cvz_winograd_stride2_weights(point, kernel, conv->taps, conv->taps, conv->taps * block, block, i / block / 2,
                                   i / block % 2);
    for (size_t e = 0; e < points_of(conv); e++) u[e * (size_t)size + (size_t)i] = (float)point[e];
  }
  return u;
}

/* Plane e of m (tiles, outputs) = plane e of v (tiles, depth) * that of u. */
static void multiply_planes(const convolution *conv, float *m, size_t m_plane, const float *v, size_t v_plane,
                            const float *u, int tiles)
{
  for (size_t e = 0; e < points_of(conv); e++)
    for (int i = 0; i < tiles; i++)
      for (int k = 0; k < conv->outputs; k++) {
        float sum = 0;
        for (int c = 0; c < depth(conv); c++)
          sum = fmaf(v[e * v_plane + (size_t)(i * depth(conv) + c)],
                     u[((size_t)depth(conv) * e + (size_t)c) * (size_t)conv->outputs + (size_t)k], sum);
        m[e * m_plane + (size_t)(i * conv->outputs + k)] = sum;
      }
}

/* Floats after the last tile of a plane that has to stay as they are. */
enum { PLANE_REST = 9 };

static void assert_plane_ends(const float *planes, size_t count, size_t plane, float mark)
{
  for (size_t e = 1; e <= count; e++)
    for (size_t i = 1; i <= PLANE_REST; i++) assert_true(planes[e * plane - i] == mark);
}

/* y = the epilogue of conv(x), in batches of `count` tiles. */
static void run(const cvz_kernels *k, const convolution *conv, cvz_view y, cvz_view x, const cvz_epilogue *epilogue,
                int count)
{
  const int side = conv->tile;
  const size_t points = points_of(conv);
  const int columns = (y.width + side - 1) / side, tiles = columns * ((y.height + side - 1) / side);
  float *u = transformed_weights(conv);
  for (int first = 0; first < tiles; first += count) {
    const int now = tiles - first < count ? tiles - first : count;
    const size_t v_plane = (size_t)(now * depth(conv)) + PLANE_REST,
                 m_plane = (size_t)(now * conv->outputs) + PLANE_REST;
    float *v = malloc(points * v_plane * sizeof *v), *m = malloc(points * m_plane * sizeof *m);
    for (size_t i = 0; i < points * v_plane; i++) v[i] = 5;
    cvz_winograd_batch batch = {conv->tile, columns, first, now, {conv->before[0], conv->before[1]}, v_plane};
    (conv->stride == 1 ? k->winograd_input : k->winograd_stride2_input)(&batch, v, x);
    assert_plane_ends(v, points, v_plane, 5);
    multiply_planes(conv, m, m_plane, v, v_plane, u, now);
    batch.plane = m_plane;
    k->winograd_output(&batch, y, m, epilogue);
    free(v);
    free(m);
  }
  free(u);
}

static const cvz_epilogue plain = {.clamp = {1, INFINITY}};

static void assert_is_the_convolution(const cvz_kernels *k, convolution conv, int count)
{
  float *weights = random_floats((size_t)(conv.taps * conv.taps * conv.inputs * conv.outputs), 7);
  conv.weights = weights;
  const map x = map_new(conv.height, conv.width, conv.inputs, 1);
  const map y = map_new(conv.out_height, conv.out_width, conv.outputs, 2);
  run(k, &conv, y.view, x.view, &plain, count);
  double largest = 0, worst = 0;
  for (int i = 0; i < conv.out_height; i++)
    for (int j = 0; j < conv.out_width; j++)
      for (int c = 0; c < conv.outputs; c++) {
        const double expected = convolved(&conv, x.view, i, j, c);
        largest = fmax(largest, fabs(expected));
        worst = fmax(worst, fabs((double)at(y.view, i, j)[c] - expected));
      }
  if (!(worst <= (conv.tile == CVZ_WINOGRAD_LARGE_TILE ? LARGE_BOUND : BOUND) * largest))
    fail_msg("%s, %d -> %d channels: error %g of %g", cvz_isa_name(k->isa), conv.inputs, conv.outputs, worst, largest);
  assert_rest_untouched(y);
  assert_memory_equal(x.memory, x.copy, x.count * sizeof(float));
  map_free(x);
  map_free(y);
  free(weights);
}

/* The forms for 3 x 3 taps. */
#define EACH_TILE(tile) for (int tile = CVZ_WINOGRAD_TILE; tile <= CVZ_WINOGRAD_LARGE_TILE; tile += 2)

static void convolves_any_number_of_channels(void **state)
{
  (void)state;
  static const int channels[] = {1, 3, 8, 17, 64, 65, 130};
  EACH_TABLE(k)
  EACH_TILE(tile)
  for (int i = 0; i < 7; i++)
    assert_is_the_convolution(k, (convolution){9, 11, channels[i], 9, 11, channels[6 - i], {1, 1}, 3, 1, tile, NULL},
                              100);
}

/* before -2: the region starts two pixels after the first window would; 2: a full convolution, as backward. */
static void convolves_wherever_the_region_starts(void **state)
{
  (void)state;
  EACH_TABLE(k)
  EACH_TILE(tile)
  for (int v = -2; v <= 2; v++)
    for (int h = -2; h <= 2; h++)
      for (int grow = -2; grow <= 2; grow++)
        assert_is_the_convolution(k, (convolution){7, 10, 5, 7 + grow, 10 - grow, 6, {v, h}, 3, 1, tile, NULL}, 3);
}

static void convolves_maps_smaller_than_a_tile(void **state)
{
  (void)state;
  EACH_TABLE(k)
  EACH_TILE(tile)
  for (int height = 1; height <= tile + 1; height++)
    for (int width = 1; width <= tile + 1; width++)
      assert_is_the_convolution(k, (convolution){height, width, 9, height, width, 19, {1, 1}, 3, 1, tile, NULL}, 1);
}

static void convolves_with_stride_2_and_5_to_8_taps(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (int inputs = 1; inputs <= CVZ_WINOGRAD_STRIDE2_CHANNELS; inputs++)
    for (int taps = 5; taps <= 8; taps++)
      for (int before = -1; before <= 4; before++)
        for (int grow = -1; grow <= 1; grow++)
          assert_is_the_convolution(k,
                                    (convolution){23,
                                                  27,
                                                  inputs,
                                                  12 + grow,
                                                  13 - grow,
                                                  19,
                                                  {before, 3 - before},
                                                  taps,
                                                  2,
                                                  CVZ_WINOGRAD_STRIDE2_TILE,
                                                  NULL},
                                    7);
}

static void a_turned_kernel_is_the_backward_pass(void **state)
{
  (void)state;
  float *weights = random_floats(9 * 5 * 7, 3), *turned = malloc(9 * 5 * 7 * sizeof *turned);
  for (int t = 0; t < 9; t++)
    for (int c = 0; c < 5; c++)
      for (int k = 0; k < 7; k++) turned[((8 - t) * 7 + k) * 5 + c] = weights[(t * 5 + c) * 7 + k];
  EACH_TILE(tile)
  for (int c = 0; c < 5; c++)
    for (int k = 0; k < 7; k++) {
      double u[CVZ_WINOGRAD_MOST_POINTS] = {0}, expected[CVZ_WINOGRAD_MOST_POINTS] = {0};
      cvz_winograd_weights(tile, u, weights + 8 * 35 + c * 7 + k, -3 * 35, -35);
      cvz_winograd_weights(tile, expected, turned + k * 5 + c, 3 * 35, 35);
      assert_memory_equal(u, expected, sizeof u);
    }
  free(weights);
  free(turned);
}

/* An epilogue with everything there is; `uses` has a bit for each part. */
typedef struct parts {
  float *offset;
  map residual;
  uint64_t *passed, *kept;
  size_t words;
} parts;

enum { OFFSET = 1, RESIDUAL = 2, ACCUMULATE = 4, PASSED = 8, KEPT = 16, ALL_PARTS = 32 };

static const uint64_t mark = 0x5a5a5a5a5a5a5a5au;

static cvz_epilogue epilogue_new(parts *p, int uses, cvz_clamp clamp, cvz_view y)
{
  const size_t pixel = cvz_bits_words(y.channels) + 1, row = (size_t)y.width * pixel + 1;
  p->words = (size_t)y.height * row;
  p->offset = random_floats((size_t)y.channels, 4);
  p->residual = map_new(y.height, y.width, y.channels, 5);
  p->passed = malloc(p->words * sizeof *p->passed);
  p->kept = malloc(p->words * sizeof *p->kept);
  const cvz_random random = cvz_random_stream(1, 2, 6, 0, CVZ_PURPOSE_NOISE, 0);
  float *coins = malloc(p->words * 64 * sizeof *coins);
  cvz_random_uniform(&random, 0, p->words * 64, coins);
  for (size_t i = 0; i < p->words; i++) {
    p->passed[i] = mark;
    p->kept[i] = 0;
    for (size_t b = 0; b < 64; b++) p->kept[i] |= (uint64_t)(coins[i * 64 + b] < 0.5f) << b;
  }
  free(coins);
  cvz_epilogue epilogue = {.clamp = clamp, .accumulate = uses & ACCUMULATE};
  if (uses & OFFSET) epilogue.offset = p->offset;
  if (uses & RESIDUAL) epilogue.residual = p->residual.view;
  if (uses & PASSED) epilogue.passed = (cvz_bits){p->passed, row, pixel};
  if (uses & KEPT) epilogue.kept = (cvz_bits){p->kept, row, pixel};
  return epilogue;
}

static void parts_free(parts *p)
{
  free(p->offset);
  map_free(p->residual);
  free(p->passed);
  free(p->kept);
}

/* v before the clamp, from `y` as the plain epilogue left it in `product`. */
static double before_clamp(const cvz_epilogue *e, cvz_view product, map y, int i, int j, int c)
{
  double v = at(product, i, j)[c];
  if (e->offset) v += (double)e->offset[c];
  if (e->residual.data) v += (double)at(e->residual, i, j)[c];
  if (e->accumulate) v += (double)earlier(y, i, j, c);
  return v;
}

static void check_element(const cvz_epilogue *e, cvz_view product, map y, int i, int j, int c)
{
  const double v = before_clamp(e, product, y, i, j, c), max = (double)e->clamp.max;
  const double clamped = v < 0 ? (double)e->clamp.slope * v : fmin(v, max);
  const double expected = e->kept.data && !bit(e->kept, i, j, c) ? 0 : clamped;
  const double value = (double)at(y.view, i, j)[c];
  if (!(fabs(value - expected) <= 1e-6 * fmax(1, fabs(v)))) fail_msg("%.9g, expected %.9g", value, expected);
  if (!e->passed.data || fabs(v) < 1e-5 || fabs(v - max) < 1e-5) return;
  const bool passes = v < 0 ? e->clamp.slope != 0.0f : v < max;
  assert_int_equal(bit(e->passed, i, j, c), passes);
}

/* The rest of a pixel's last word is zero, and the words between pixels and rows are left alone. */
static void check_words(const cvz_epilogue *e, const parts *p, cvz_view y)
{
  if (!e->passed.data) {
    for (size_t i = 0; i < p->words; i++) assert_true(p->passed[i] == mark);
    return;
  }
  size_t marks = 0;
  for (size_t i = 0; i < p->words; i++) marks += p->passed[i] == mark;
  assert_true(marks >= (size_t)(y.height * y.width + y.height));
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      const size_t first = (size_t)i * e->passed.row + (size_t)j * e->passed.pixel, count = cvz_bits_words(y.channels);
      assert_true(p->passed[first + count] == mark);
      if (y.channels % 64) assert_true(p->passed[first + count - 1] >> y.channels % 64 == 0);
    }
}

static void check_epilogue(const cvz_kernels *k, int tile, int uses, cvz_clamp clamp, int channels)
{
  const int stride = tile == CVZ_WINOGRAD_STRIDE2_TILE ? 2 : 1, taps = stride == 1 ? 3 : 7;
  float *weights = random_floats((size_t)(taps * taps * 3 * channels), 7);
  const convolution conv = {6 * stride, 9 * stride, 3, 6, 9, channels, {1, 1}, taps, stride, tile, weights};
  const map x = map_new(conv.height, conv.width, 3, 1);
  const map product = map_new(6, 9, channels, 8), y = map_new(6, 9, channels, 2);
  parts p;
  const cvz_epilogue epilogue = epilogue_new(&p, uses, clamp, y.view);
  run(k, &conv, product.view, x.view, &plain, 4);
  run(k, &conv, y.view, x.view, &epilogue, 4);
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 9; j++)
      for (int c = 0; c < channels; c++) check_element(&epilogue, product.view, y, i, j, c);
  check_words(&epilogue, &p, y.view);
  assert_rest_untouched(y);
  map_free(x);
  map_free(product);
  map_free(y);
  parts_free(&p);
  free(weights);
}

static void every_part_of_the_epilogue_alone_and_together(void **state)
{
  (void)state;
  static const cvz_clamp clamps[] = {{1, INFINITY}, {0, INFINITY}, {0, 0.5f}, {0.25f, INFINITY}, {0.25f, 0.5f}};
  static const int channels[] = {1, 17, 64, 130};
  static const int tiles[] = {CVZ_WINOGRAD_TILE, CVZ_WINOGRAD_LARGE_TILE, CVZ_WINOGRAD_STRIDE2_TILE};
  EACH_TABLE(k)
  for (int tile = 0; tile < 3; tile++)
    for (int c = 0; c < 4; c++)
      for (int clamp = 0; clamp < 5; clamp++)
        for (int uses = 0; uses < ALL_PARTS; uses++) check_epilogue(k, tiles[tile], uses, clamps[clamp], channels[c]);
}

static void not_a_number_shows_and_does_not_pass_a_relu(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (int channels = 1; channels < 20; channels++) {
    float m[CVZ_WINOGRAD_MOST_POINTS * 20], y[20];
    for (int i = 0; i < CVZ_WINOGRAD_MOST_POINTS * 20; i++) m[i] = NAN;
    uint64_t word = mark;
    const cvz_winograd_batch batch = {CVZ_WINOGRAD_LARGE_TILE, 1, 0, 1, {0, 0}, 20};
    const cvz_epilogue relu = {.clamp = {0, INFINITY}, .passed = {&word, 1, 1}};
    k->winograd_output(&batch, cvz_view_dense(y, 1, 1, channels), m, &relu);
    for (int c = 0; c < channels; c++) assert_true(isnan(y[c]));
    assert_true(word == 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolves_any_number_of_channels),
      cmocka_unit_test(convolves_wherever_the_region_starts),
      cmocka_unit_test(convolves_maps_smaller_than_a_tile),
      cmocka_unit_test(convolves_with_stride_2_and_5_to_8_taps),
      cmocka_unit_test(a_turned_kernel_is_the_backward_pass),
      cmocka_unit_test(every_part_of_the_epilogue_alone_and_together),
      cmocka_unit_test(not_a_number_shows_and_does_not_pass_a_relu),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
