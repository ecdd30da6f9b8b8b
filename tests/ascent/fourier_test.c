/* Transforms of images of odd, prime and composite sizes: against the sums that define them in double precision, and as
 * adjoints of each other. tests/parity/parts.py compares with NumPy and TensorFlow. */
#include <math.h>
#include <string.h>

#include "ascent/fourier.h"

#include "../kernel/tables.h"

static const cvz_shape shapes[] = {{3, 1, 1, 1},   {3, 1, 8, 3},   {3, 7, 1, 3},    {3, 2, 2, 4},
                                   {3, 16, 16, 3}, {3, 9, 15, 3},  {3, 13, 22, 1},  {3, 31, 17, 3},
                                   {3, 33, 40, 3}, {3, 48, 37, 3}, {3, 64, 128, 3}, {3, 101, 30, 2}};
#define SHAPES (sizeof shapes / sizeof *shapes)

static int columns_of(cvz_shape shape)
{
  return (shape.width + 1) / 2 + 1;
}

static size_t spectrum_of(cvz_shape shape)
{
  return 2 * (size_t)shape.channels * (size_t)shape.height * (size_t)columns_of(shape);
}

static cvz_fourier *made(cvz_shape shape, const cvz_kernels *kernels)
{
  cvz_fourier *fourier;
  assert_int_equal(cvz_fourier_create(&fourier, shape, kernels, NULL), CVZ_OK);
  assert_int_equal(cvz_fourier_count(fourier), shape.height * columns_of(shape));
  return fourier;
}

static double angle_of(int k, int x, int length)
{
  return 2 * acos(-1.0) * ((double)k * x / length);
}

/* One channel down: (height, columns, 2). */
static void sum_down(cvz_shape shape, const float *spectrum, double *down)
{
  const int h = shape.height, columns = columns_of(shape);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < columns; x++, down += 2) {
      down[0] = down[1] = 0;
      for (int k = 0; k < h; k++) {
        const float *z = spectrum + 2 * (k * columns + x);
        const double c = cos(angle_of(k, y, h)), s = sin(angle_of(k, y, h));
        down[0] += (double)z[0] * c - (double)z[1] * s;
        down[1] += (double)z[0] * s + (double)z[1] * c;
      }
    }
}

/* irfft: the frequencies between the first and the last stand for their mirror images too. */
static double sum_across(cvz_shape shape, const double *row, int x)
{
  const int columns = columns_of(shape), width = 2 * (columns - 1);
  double sum = row[0] + row[2 * (columns - 1)] * cos(angle_of(columns - 1, x, width));
  for (int k = 1; k < columns - 1; k++)
    sum += 2 * (row[2 * k] * cos(angle_of(k, x, width)) - row[2 * k + 1] * sin(angle_of(k, x, width)));
  return sum / (width * (double)shape.height);
}

static void check_inverse(cvz_shape shape, const cvz_kernels *kernels)
{
  const size_t pixels = cvz_shape_count(shape), row = 2 * (size_t)columns_of(shape);
  float *spectrum = random_floats(spectrum_of(shape), 1), *image = calloc(pixels, sizeof *image);
  double *down = malloc(row * (size_t)shape.height * sizeof *down), squares = 0, worst = 0;
  cvz_fourier *fourier = made(shape, kernels);
  cvz_fourier_inverse(fourier, spectrum, image);
  for (int c = 0; c < shape.channels; c++) {
    sum_down(shape, spectrum + (size_t)c * row * (size_t)shape.height, down);
    for (int y = 0; y < shape.height; y++)
      for (int x = 0; x < shape.width; x++) {
        const double wanted = sum_across(shape, down + (size_t)y * row, x);
        worst = fmax(worst, fabs((double)image[(y * shape.width + x) * shape.channels + c] - wanted));
        squares += wanted * wanted;
      }
  }
  worst /= sqrt(squares / (double)pixels);
  if (!(worst < 3e-6)) fail_msg("%d x %d, %s: %g", shape.height, shape.width, cvz_isa_name(kernels->isa), worst);
  cvz_fourier_free(fourier);
  free(spectrum);
  free(image);
  free(down);
}

static void the_inverse_is_the_sum_of_waves(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t i = 0; i < SHAPES; i++) check_inverse(shapes[i], k);
}

static double dot(const float *a, const float *b, size_t count)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

static void the_adjoint_has_the_same_products(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t i = 0; i < SHAPES; i++) {
    const size_t pixels = cvz_shape_count(shapes[i]), count = spectrum_of(shapes[i]);
    float *spectrum = random_floats(count, 1), *image = random_floats(pixels, 2),
          *inverse = calloc(pixels, sizeof *inverse), *adjoint = calloc(count, sizeof *adjoint);
    cvz_fourier *fourier = made(shapes[i], k);
    cvz_fourier_inverse(fourier, spectrum, inverse);
    cvz_fourier_adjoint(fourier, image, adjoint);
    const double size = sqrt(dot(inverse, inverse, pixels) * dot(image, image, pixels));
    const double apart = dot(inverse, image, pixels) - dot(spectrum, adjoint, count);
    if (!(fabs(apart) < 1e-6 * size)) fail_msg("%d x %d: %g", shapes[i].height, shapes[i].width, apart / size);
    cvz_fourier_free(fourier);
    free(spectrum);
    free(image);
    free(inverse);
    free(adjoint);
  }
}

/* Of an image with what it shows beyond an odd width. */
static void the_inverse_gives_an_image_back(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t i = 0; i < SHAPES; i++) {
    const size_t pixels = cvz_shape_count(shapes[i]);
    float *image = random_floats(pixels, 3), *again = calloc(pixels, sizeof *again),
          *spectrum = calloc(spectrum_of(shapes[i]), sizeof *spectrum);
    cvz_fourier *fourier = made(shapes[i], k);
    cvz_fourier_forward(fourier, image, spectrum);
    cvz_fourier_inverse(fourier, spectrum, again);
    for (size_t j = 0; j < pixels; j++)
      if (!(fabs((double)again[j] - (double)image[j]) < 2e-6)) fail_msg("%g, expected %g", again[j], image[j]);
    cvz_fourier_free(fourier);
    free(image);
    free(again);
    free(spectrum);
  }
}

/* A spectrum, its image and the image's derivative back, one behind the other in `results`. */
static void there_and_back(cvz_fourier *fourier, const float *spectrum, size_t pixels, float *results)
{
  cvz_fourier_inverse(fourier, spectrum, results);
  cvz_fourier_adjoint(fourier, results, results + pixels);
}

/* An ascent that is resumed must have the bits of one that went on. */
static void what_was_transformed_before_leaves_no_trace(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t i = 0; i < SHAPES; i++) {
    const size_t pixels = cvz_shape_count(shapes[i]), count = spectrum_of(shapes[i]), all = pixels + count;
    float *spectrum = random_floats(count, 1), *first = calloc(all, sizeof *first),
          *second = calloc(all, sizeof *second);
    cvz_fourier *fourier = made(shapes[i], k);
    there_and_back(fourier, spectrum, pixels, first);
    for (size_t j = 0; j < pixels; j++) second[j] = 1e20f * first[j];
    cvz_fourier_forward(fourier, second, second + pixels);
    there_and_back(fourier, spectrum, pixels, second);
    assert_memory_equal(first, second, all * sizeof *first);
    cvz_fourier_free(fourier);
    free(spectrum);
    free(first);
    free(second);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_inverse_is_the_sum_of_waves),
      cmocka_unit_test(the_adjoint_has_the_same_products),
      cmocka_unit_test(the_inverse_gives_an_image_back),
      cmocka_unit_test(what_was_transformed_before_leaves_no_trace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
