#include "ascent/spectrum.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/embedded.h"
#include "ascent/fourier.h"
#include "ascent/parametrization.h"
#include "base/memory.h"
#include "kernel/function.h"

#define LOG_2 0.693147180559945309417

/* The table of weights/natural_spectrum.txt: log2 of magnitudes at log2 frequencies LOWEST, LOWEST + STEP, ... and at
 * directions of which the sine squared is 0, 1 / 4, ... 1; before it that of a channel's mean over the magnitude of the
 * lowest frequency. */
enum { CHANNELS = 3, FREQUENCIES = 18, DIRECTIONS = 5, NUMBERS = 1 + FREQUENCIES * DIRECTIONS };
#define LOWEST (-9.0)
#define STEP   0.5

typedef struct natural {
  double mean[CHANNELS], levels[CHANNELS][FREQUENCIES][DIRECTIONS];
} natural;

struct cvz_spectrum {
  cvz_ascent_recipe recipe;
  cvz_shape image;
  const cvz_kernels *kernels;
  double *sum; /* (C, H, columns) */
  int pictures;
  bool varies; /* one of them is not of one colour */
};

static int columns_of(int width)
{
  return (width + width % 2) / 2 + 1;
}

size_t cvz_spectrum_count(cvz_shape image)
{
  return (size_t)image.channels * (size_t)image.height * (size_t)columns_of(image.width);
}

/* Our own file: as many numbers as the table has, a word of comment lines apart. */
static natural read_natural(void)
{
  const char *next = (const char *)cvz_embedded_spectrum_files[0].start;
  double numbers[CHANNELS * NUMBERS];
  natural n;
  for (int i = 0; i < CHANNELS * NUMBERS; i++) {
    while (next += strspn(next, " \n"), *next == '#') next += strcspn(next, "\n");
    char *end;
    numbers[i] = strtod(next, &end);
    assert(end > next);
    next = end;
  }
  for (int c = 0; c < CHANNELS; c++) {
    const double *own = numbers + c * NUMBERS;
    n.mean[c] = own[0];
    memcpy(n.levels[c], own + 1, sizeof n.levels[c]);
  }
  return n;
}

/* Between the two values of a table of `count` that lie around `place`; below the first, on the line through the first
 * two. */
static int split(double place, int count, double *share)
{
  int low = (int)place;
  if (low > count - 2) low = count - 2;
  if (place < 0) low = 0;
  *share = place - low;
  return low;
}

/* log2 of the magnitude; frequency in cycles per pixel, squared, and the part of it that is vertical. */
static double level_of(const natural *n, int channel, double squared, double vertical)
{
  double down, across;
  const int f = split((0.5 * cvz_log(squared) / LOG_2 - LOWEST) / STEP, FREQUENCIES, &down);
  const int d = split(vertical * (DIRECTIONS - 1), DIRECTIONS, &across);
  const double *a = n->levels[channel][f] + d, *b = n->levels[channel][f + 1] + d;
  return (1 - down) * ((1 - across) * a[0] + across * a[1]) + down * ((1 - across) * b[0] + across * b[1]);
}

static double power_of_two(double exponent)
{
  return cvz_exp(exponent * LOG_2);
}

static float natural_at(const natural *n, cvz_shape image, int channel, int y, int x)
{
  const int longest = image.height > image.width ? image.height : image.width;
  const double fy = (double)(y <= image.height / 2 ? y : image.height - y) / image.height;
  const double fx = (double)x / image.width, squared = fx * fx + fy * fy;
  const double size = sqrt((double)image.height * image.width);
  if (squared > 0) return (float)(size * power_of_two(level_of(n, channel, squared, fy * fy / squared)));
  const double lowest = level_of(n, channel, 1 / ((double)longest * longest), 0.5);
  return (float)(size * power_of_two(lowest + n->mean[channel]));
}

void cvz_spectrum_natural(cvz_shape image, float *magnitudes)
{
  const natural n = read_natural();
  for (int c = 0; c < image.channels; c++)
    for (int y = 0; y < image.height; y++)
      for (int x = 0; x < columns_of(image.width); x++)
        *magnitudes++ = natural_at(&n, image, image.channels == CHANNELS ? c : 0, y, x);
}

cvz_status cvz_spectrum_create(cvz_spectrum **spectrum, const cvz_ascent_recipe *recipe, cvz_shape image,
                               const cvz_kernels *kernels, cvz_error *error)
{
  cvz_spectrum *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->recipe = *recipe;
  created->image = image;
  created->kernels = kernels;
  created->sum = cvz_array(cvz_spectrum_count(image), sizeof *created->sum, error);
  if (!created->sum) return free(created), CVZ_E_MEMORY;
  *spectrum = created;
  return CVZ_OK;
}

void cvz_spectrum_free(cvz_spectrum *spectrum)
{
  if (!spectrum) return;
  free(spectrum->sum);
  free(spectrum);
}

/* Where a place of the result lies among `count` values, by tf.image.resize's rule: pixels have their middle at 1/2. */
typedef struct lines {
  int low, high;
  double share; /* of `high` */
} lines;

static lines around(int place, int to, int count)
{
  const double at = (place + 0.5) * count / to - 0.5, below = floor(at);
  const int low = (int)below, high = low + 1;
  return (lines){low < 0 ? 0 : low, high < count ? high : count - 1, at - below};
}

/* sizes: (height, columns) -> (to.height, columns), added to the sum. */
static void add_resized(const float *sizes, int height, int columns, cvz_shape to, double *sum)
{
  const int to_columns = columns_of(to.width);
  for (int y = 0; y < to.height; y++) {
    const lines v = around(y, to.height, height);
    const float *a = sizes + (size_t)v.low * (size_t)columns, *b = sizes + (size_t)v.high * (size_t)columns;
    for (int x = 0; x < to_columns; x++) {
      const lines h = around(x, to_columns, columns);
      const double top = (1 - h.share) * (double)a[h.low] + h.share * (double)a[h.high];
      const double bottom = (1 - h.share) * (double)b[h.low] + h.share * (double)b[h.high];
      *sum++ += (1 - v.share) * top + v.share * bottom;
    }
  }
}

/* One channel's complex numbers become their absolute values, in place. */
static void absolute(float *waves, size_t count, double divisor)
{
  for (size_t i = 0; i < count; i++) {
    const double re = (double)waves[2 * i], im = (double)waves[2 * i + 1];
    waves[i] = (float)(sqrt(re * re + im * im) / divisor);
  }
}

static void add_channels(cvz_spectrum *s, cvz_fourier *fourier, const float *numbers, cvz_shape picture, float *waves)
{
  const size_t count = cvz_fourier_count(fourier), own = cvz_spectrum_count(s->image) / (size_t)s->image.channels;
  const double size = sqrt((double)picture.height * picture.width);
  cvz_fourier_forward(fourier, numbers, waves);
  for (size_t c = 0; c < (size_t)picture.channels; c++) {
    absolute(waves + 2 * c * count, count, size);
    add_resized(waves + 2 * c * count, picture.height, columns_of(picture.width), s->image, s->sum + c * own);
  }
  s->pictures++;
}

/* What the parametrization would have to make of its waves for these colours. */
static float *numbers_of(const cvz_spectrum *s, const float *colours, cvz_shape picture, int width, cvz_error *error)
{
  const size_t channels = (size_t)picture.channels, row = (size_t)picture.width * channels;
  float *numbers = cvz_array((size_t)picture.height, row * sizeof *numbers, error);
  for (size_t y = 0; numbers && y < (size_t)picture.height; y++)
    cvz_parametrization_of_colours(&s->recipe, colours + y * (size_t)width * channels, (size_t)picture.width,
                                   numbers + y * row);
  return numbers;
}

static bool is_plain(const float *colours, size_t pixels, size_t channels)
{
  for (size_t i = channels; i < pixels * channels; i++)
    if (colours[i] < colours[i - channels] || colours[i] > colours[i - channels]) return false;
  return true;
}

cvz_status cvz_spectrum_add(cvz_spectrum *s, const float *colours, int height, int width, cvz_error *error)
{
  CVZ_REQUIRE(height >= 2 && width >= 2, error, CVZ_E_RANGE, "a picture of %d x %d pixels, expected at least 2 a side",
              height, width);
  const cvz_shape picture = {3, height, width - width % 2, s->image.channels};
  cvz_fourier *fourier = NULL;
  s->varies = s->varies || !is_plain(colours, (size_t)height * (size_t)width, (size_t)picture.channels);
  float *waves = NULL, *numbers = numbers_of(s, colours, picture, width, error);
  cvz_status status = numbers ? cvz_fourier_create(&fourier, picture, s->kernels, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) {
    waves = cvz_array(cvz_fourier_count(fourier) * (size_t)picture.channels, 2 * sizeof *waves, error);
    if (waves)
      add_channels(s, fourier, numbers, picture, waves);
    else
      status = CVZ_E_MEMORY;
  }
  free(waves);
  free(numbers);
  cvz_fourier_free(fourier);
  return status;
}

bool cvz_spectrum_mean(const cvz_spectrum *s, float *magnitudes)
{
  const double size = sqrt((double)s->image.height * s->image.width);
  assert(s->pictures);
  for (size_t i = 0; i < cvz_spectrum_count(s->image); i++) magnitudes[i] = (float)(s->sum[i] / s->pictures * size);
  return s->varies;
}
