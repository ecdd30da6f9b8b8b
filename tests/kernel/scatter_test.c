/* The scattered backward pass of a first layer, of every instruction set, against plain loops in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

enum { GUARD = 64 };

/* Gradients dy (height, width, filters) of windows whose pixels have `channels`. */
typedef struct convolution {
  cvz_slide slide;
  int height, width, filters, channels;
} convolution;

/* What one call reads and writes. */
typedef struct field {
  cvz_view dx, dy;
  float *memory, *earlier; /* dx, the floats behind it, and a guard before and after */
  size_t count, behind;
  float *weights; /* as the kernel wants them, rows of `row` floats */
  size_t row;
} field;

/* Three of four gradients are zero; there is room between pixels and rows. */
static cvz_view gradients(const convolution *c)
{
  const size_t pixel = (size_t)c->filters + 3, row = (size_t)c->width * pixel + 5;
  float *data = random_floats((size_t)c->height * row, 1), *coins = random_floats((size_t)c->height * row, 2);
  for (size_t i = 0; i < (size_t)c->height * row; i++)
    if (coins[i] < 0.5f) data[i] = i % 2 ? 0.0f : -0.0f;
  free(coins);
  return (cvz_view){data, c->height, c->width, c->filters, row, pixel};
}

static field field_new(const convolution *c, int vector_width)
{
  const int *kernel = c->slide.kernel, *stride = c->slide.stride, floats = kernel[1] * c->channels;
  const int height = (c->height - 1) * stride[0] + kernel[0], width = (c->width - 1) * stride[1] + kernel[1];
  const size_t map = (size_t)(height * width * c->channels);
  field f = {.dy = gradients(c), .behind = (size_t)vector_width - 1, .row = cvz_scatter_row(floats, vector_width)};
  f.count = map + f.behind + 2 * GUARD;
  f.memory = random_floats(f.count, 3);
  f.earlier = malloc(f.count * sizeof *f.earlier);
  memcpy(f.earlier, f.memory, f.count * sizeof *f.earlier);
  f.dx = cvz_view_dense(f.memory + GUARD, height, width, c->channels);
  f.weights = random_floats((size_t)(c->filters * kernel[0]) * f.row, 4);
  for (int r = 0; r < c->filters * kernel[0]; r++)
    for (size_t i = (size_t)floats; i < f.row; i++) f.weights[(size_t)r * f.row + i] = 0;
  return f;
}

static void field_free(field *f)
{
  free(f->memory);
  free(f->earlier);
  free(f->dy.data);
  free(f->weights);
}

/* What dx (y, x, channel) gets; *reached: whether there is a number other than 0 in it. */
static double gathered(const convolution *c, const field *f, int y, int x, int channel, bool *reached)
{
  double sum = 0;
  *reached = false;
  for (int i = 0; i < c->height; i++)
    for (int j = 0; j < c->width; j++) {
      const int r = y - i * c->slide.stride[0], s = x - j * c->slide.stride[1];
      if (r < 0 || r >= c->slide.kernel[0] || s < 0 || s >= c->slide.kernel[1]) continue;
      for (int k = 0; k < c->filters; k++) {
        const float g = at(f->dy, i, j)[k];
        if (g == 0.0f) continue;
        *reached = true;
        sum += (double)g *
               (double)f->weights[(size_t)(k * c->slide.kernel[0] + r) * f->row + (size_t)(s * c->channels + channel)];
      }
    }
  return sum;
}

static void check_element(const convolution *c, const field *f, int y, int x, int channel)
{
  bool reached;
  const float *element = at(f->dx, y, x) + channel;
  const float was = f->earlier[element - f->memory];
  const double expected = (double)was + gathered(c, f, y, x, channel, &reached);
  if (!reached) assert_true(*element == was);
  if (!(fabs((double)*element - expected) <= 2e-5)) fail_msg("%.9g, expected %.9g", (double)*element, expected);
}

static void check(const cvz_kernels *k, const convolution *c)
{
  field f = field_new(c, k->width);
  k->scatter(&c->slide, f.dx, f.dy, f.weights);
  for (int y = 0; y < f.dx.height; y++)
    for (int x = 0; x < f.dx.width; x++)
      for (int channel = 0; channel < c->channels; channel++) check_element(c, &f, y, x, channel);
  const size_t end = f.count - GUARD - f.behind;
  assert_memory_equal(f.memory, f.earlier, GUARD * sizeof(float));
  assert_memory_equal(f.memory + end, f.earlier + end, (f.behind + GUARD) * sizeof(float));
  field_free(&f);
}

static const int kernels[][2] = {{3, 3}, {7, 7}, {5, 3}, {1, 1}, {11, 5}};
#define KERNELS (sizeof kernels / sizeof *kernels)

static void windows_of_every_size_and_stride_get_their_gradients(void **state)
{
  (void)state;
  static const int sizes[][2] = {{1, 1}, {5, 7}, {3, 12}}, filters[] = {1, 64, 67};
  EACH_TABLE(k)
  for (size_t n = 0; n < KERNELS * 3 * 4 * 3 * 3; n++) {
    const int *kernel = kernels[n % KERNELS], *size = sizes[n / KERNELS % 3];
    const int channels = 1 + (int)(n / KERNELS / 3 % 4), stride = 1 + (int)(n / KERNELS / 12 % 3);
    const convolution c = {{{kernel[0], kernel[1]}, {stride, 4 - stride}, {1, 1}, {0, 0}},
                           size[0],
                           size[1],
                           filters[n / KERNELS / 36],
                           channels};
    if (kernel[1] * channels <= CVZ_SCATTER_FLOATS) check(k, &c);
  }
}

static void no_gradient_leaves_all_bytes_alone(void **state)
{
  (void)state;
  const convolution c = {{{7, 7}, {2, 2}, {1, 1}, {0, 0}}, 4, 5, 65, 3};
  EACH_TABLE(k)
  {
    field f = field_new(&c, k->width);
    for (size_t i = 0; i < 4 * f.dy.row; i++) f.dy.data[i] = i % 2 ? 0.0f : -0.0f;
    k->scatter(&c.slide, f.dx, f.dy, f.weights);
    assert_memory_equal(f.memory, f.earlier, f.count * sizeof(float));
    field_free(&f);
  }
}

static void not_a_number_reaches_its_whole_window(void **state)
{
  (void)state;
  const convolution c = {{{5, 3}, {2, 2}, {1, 1}, {0, 0}}, 3, 4, 66, 3};
  EACH_TABLE(k)
  {
    field f = field_new(&c, k->width);
    at(f.dy, 1, 0)[65] = NAN;
    k->scatter(&c.slide, f.dx, f.dy, f.weights);
    for (int y = 0; y < f.dx.height; y++)
      for (int i = 0; i < f.dx.width * 3; i++) {
        const bool rows = y >= 2 && y < 2 + 5, window = rows && i < 3 * 3;
        const bool beside = rows && (size_t)i < f.row; /* the zeros that fill up its rows of weights times NaN */
        if (window || !beside) assert_true(isnan(at(f.dx, y, 0)[i]) == window);
      }
    field_free(&f);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_of_every_size_and_stride_get_their_gradients),
      cmocka_unit_test(no_gradient_leaves_all_bytes_alone),
      cmocka_unit_test(not_a_number_reaches_its_whole_window),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
