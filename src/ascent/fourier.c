#include "ascent/fourier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define LANES  CVZ_FOURIER_LANES
#define NUMBER ((size_t)2 * LANES) /* floats of a complex number of all lanes */
#define TILE   16
#define ROWS   (2 * LANES) /* that are transformed together: a real row is half of a complex sequence */

/* Columns are transformed with a column in each lane, then rows with two rows in each lane, or the other way round; the
 * one as its real, the other as its imaginary part. An inverse transform is a transform whose real and imaginary parts
 * are exchanged before and after it, so they change places in the blocks. Lanes do not touch each other; but the two
 * rows of one do, by rounding, so a row without a partner has zeros for one. */
struct cvz_fourier {
  int height, width, even_width, columns, channels;
  size_t padded; /* height rounded up to whole ROWS, and something that keeps columns out of each other's cache lines */
  const cvz_kernels *kernels;
  cvz_fourier_tables down, across;
  float *between; /* (columns, 2, padded): one channel, transformed down but not across */
  float *block;   /* (the longer, 2, LANES); lanes that nobody reads have what was there */
  float *scratch; /* the same */
};

static cvz_status prepare(cvz_fourier *f, cvz_error *error)
{
  const size_t longest = (size_t)(f->height > f->even_width ? f->height : f->even_width);
  CVZ_TRY(cvz_fourier_tables_create(&f->down, f->height, error));
  CVZ_TRY(cvz_fourier_tables_create(&f->across, f->even_width, error));
  f->between = cvz_array(2 * (size_t)f->columns * f->padded, sizeof *f->between, error);
  f->block = cvz_array(longest * NUMBER, sizeof *f->block, error);
  f->scratch = cvz_array(longest * NUMBER, sizeof *f->scratch, error);
  return f->between && f->block && f->scratch ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_fourier_create(cvz_fourier **fourier, cvz_shape image, const cvz_kernels *kernels, cvz_error *error)
{
  cvz_fourier *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->height = image.height;
  created->width = image.width;
  created->even_width = image.width + image.width % 2;
  created->columns = created->even_width / 2 + 1;
  created->channels = image.channels;
  created->padded = ((size_t)image.height + ROWS - 1) / ROWS * ROWS + LANES;
  created->kernels = kernels;
  const cvz_status status = prepare(created, error);
  if (status == CVZ_OK)
    *fourier = created;
  else
    cvz_fourier_free(created);
  return status;
}

void cvz_fourier_free(cvz_fourier *fourier)
{
  if (!fourier) return;
  cvz_fourier_tables_free(&fourier->down);
  cvz_fourier_tables_free(&fourier->across);
  free(fourier->between);
  free(fourier->block);
  free(fourier->scratch);
  free(fourier);
}

size_t cvz_fourier_count(const cvz_fourier *fourier)
{
  return (size_t)fourier->height * (size_t)fourier->columns;
}

/* numpy.fft.fftfreq(count)[i] */
static double frequency(int i, int count)
{
  return (double)(i < (count + 1) / 2 ? i : i - count) / count;
}

void cvz_fourier_frequencies(const cvz_fourier *f, double *frequencies)
{
  for (int y = 0; y < f->height; y++)
    for (int x = 0; x < f->columns; x++) {
      const double fy = frequency(y, f->height), fx = frequency(x, f->width);
      *frequencies++ = sqrt(fx * fx + fy * fy);
    }
}

/* to[i * to_row + j * to_step] = from[i * from_row + j * from_step], tile by tile, since one of them jumps. */
static void move(const float *from, size_t from_row, size_t from_step, size_t rows, size_t count, float *to,
                 size_t to_row, size_t to_step)
{
  for (size_t first = 0; first < count; first += TILE)
    for (size_t i = 0; i < rows; i++)
      for (size_t j = first; j < first + TILE && j < count; j++)
        to[i * to_row + j * to_step] = from[i * from_row + j * from_step];
}

static size_t lanes_from(const cvz_fourier *f, size_t x)
{
  const size_t left = (size_t)f->columns - x;
  return left < LANES ? left : LANES;
}

/* Columns x .. x + LANES - 1 of a spectrum, inverted, to `between`. */
static void columns_inverse(cvz_fourier *f, const float *spectrum, size_t x, float norm)
{
  const size_t columns = (size_t)f->columns, height = (size_t)f->height, lanes = lanes_from(f, x);
  for (size_t y = 0; y < height; y++) {
    const float *from = spectrum + 2 * (y * columns + x);
    float *im = f->block + y * NUMBER, *re = im + LANES;
    for (size_t i = 0; i < lanes; i++) re[i] = norm * from[2 * i], im[i] = norm * from[2 * i + 1];
  }
  const float *result = f->kernels->fourier(&f->down, f->block, f->scratch);
  float *to = f->between + 2 * x * f->padded;
  for (size_t i = 0; i < 2 * lanes; i++) memset(to + i * f->padded + height, 0, (f->padded - height) * sizeof *to);
  move(result + LANES, 1, NUMBER, lanes, height, to, 2 * f->padded, 1);
  move(result, 1, NUMBER, lanes, height, to + f->padded, 2 * f->padded, 1);
}

/* The spectra A and B of two real rows as that of A + i B. Of the numbers that stand for themselves, the first and the
 * middle one, the imaginary part does not count. */
static void join_rows(const cvz_fourier *f, size_t k, const float *from, float *block)
{
  const size_t length = (size_t)f->even_width, mirrored = (length - k) % length;
  const float *a_re = from, *b_re = from + LANES, *a_im = from + f->padded, *b_im = a_im + LANES;
  const float counts = k == mirrored ? 0 : 1;
  float *im = block + k * NUMBER, *re = im + LANES, *mirrored_im = block + mirrored * NUMBER,
        *mirrored_re = mirrored_im + LANES;
  for (size_t i = 0; i < LANES; i++) {
    re[i] = a_re[i] - counts * b_im[i];
    im[i] = b_re[i] + counts * a_im[i];
    mirrored_re[i] = a_re[i] + counts * b_im[i];
    mirrored_im[i] = b_re[i] - counts * a_im[i];
  }
}

static size_t rows_from(const cvz_fourier *f, size_t y)
{
  const size_t left = (size_t)f->height - y;
  return left < ROWS ? left : ROWS;
}

/* Rows y .. y + ROWS - 1 of `between`, inverted, to a channel of an image. */
static void rows_inverse(cvz_fourier *f, size_t y, float *image)
{
  const size_t width = (size_t)f->width, channels = (size_t)f->channels, row = width * channels,
               count = rows_from(f, y);
  float *to = image + y * row;
  for (size_t k = 0; k < (size_t)f->columns; k++) join_rows(f, k, f->between + 2 * k * f->padded + y, f->block);
  const float *result = f->kernels->fourier(&f->across, f->block, f->scratch);
  move(result + LANES, 1, NUMBER, count < LANES ? count : LANES, width, to, row, channels);
  if (count > LANES) move(result, 1, NUMBER, count - LANES, width, to + LANES * row, row, channels);
}

void cvz_fourier_inverse(cvz_fourier *f, const float *spectrum, float *image)
{
  const float norm = 1.0f / ((float)f->height * (float)f->even_width);
  for (int c = 0; c < f->channels; c++, spectrum += 2 * cvz_fourier_count(f)) {
    for (size_t x = 0; x < (size_t)f->columns; x += LANES) columns_inverse(f, spectrum, x, norm);
    for (size_t y = 0; y < (size_t)f->height; y += ROWS) rows_inverse(f, y, image + c);
  }
}

/* The spectra A and B of two real rows from that of A + i B. */
static void part_rows(const cvz_fourier *f, size_t k, const float *block, float *to)
{
  const size_t length = (size_t)f->even_width, mirrored = (length - k) % length;
  const float *re = block + k * NUMBER, *im = re + LANES, *mirrored_re = block + mirrored * NUMBER,
              *mirrored_im = mirrored_re + LANES;
  float *a_re = to, *b_re = to + LANES, *a_im = to + f->padded, *b_im = a_im + LANES;
  for (size_t i = 0; i < LANES; i++) {
    a_re[i] = 0.5f * (re[i] + mirrored_re[i]);
    a_im[i] = 0.5f * (im[i] - mirrored_im[i]);
    b_re[i] = 0.5f * (im[i] + mirrored_im[i]);
    b_im[i] = 0.5f * (mirrored_re[i] - re[i]);
  }
}

/* Rows y .. y + ROWS - 1 of a channel to `between`. What is beyond the width is `beyond` times the last pixel. */
static void rows_forward(cvz_fourier *f, size_t y, const float *image, float beyond)
{
  const size_t width = (size_t)f->width, channels = (size_t)f->channels, row = width * channels,
               count = rows_from(f, y);
  const float *from = image + y * row;
  if (count < ROWS) memset(f->block, 0, (size_t)f->even_width * NUMBER * sizeof *f->block);
  move(from, row, channels, count, width, f->block, 1, NUMBER);
  for (size_t i = 0; f->even_width > f->width && i < count; i++)
    f->block[width * NUMBER + i] = beyond * from[i * row + (width - 1) * channels];
  const float *result = f->kernels->fourier(&f->across, f->block, f->scratch);
  for (size_t k = 0; k < (size_t)f->columns; k++) part_rows(f, k, result, f->between + 2 * k * f->padded + y);
}

/* Columns x .. x + LANES - 1 of `between` to a spectrum. Column k of it is multiplied by factor, and the middle ones,
 * which stand for two frequencies, by `middle` too. */
static void columns_forward(cvz_fourier *f, size_t x, float factor, float middle, float *spectrum)
{
  const size_t columns = (size_t)f->columns, height = (size_t)f->height, lanes = lanes_from(f, x);
  float scale[LANES];
  const float *from = f->between + 2 * x * f->padded;
  move(from, 2 * f->padded, 1, lanes, height, f->block, 1, NUMBER);
  move(from + f->padded, 2 * f->padded, 1, lanes, height, f->block + LANES, 1, NUMBER);
  for (size_t i = 0; i < lanes; i++) scale[i] = x + i == 0 || x + i == columns - 1 ? factor : factor * middle;
  const float *result = f->kernels->fourier(&f->down, f->block, f->scratch);
  for (size_t y = 0; y < height; y++) {
    const float *re = result + y * NUMBER, *im = re + LANES;
    float *to = spectrum + 2 * (y * columns + x);
    for (size_t i = 0; i < lanes; i++) to[2 * i] = re[i] * scale[i], to[2 * i + 1] = im[i] * scale[i];
  }
}

static void transform(cvz_fourier *f, const float *image, float beyond, float factor, float middle, float *spectrum)
{
  for (int c = 0; c < f->channels; c++, spectrum += 2 * cvz_fourier_count(f)) {
    for (size_t y = 0; y < (size_t)f->height; y += ROWS) rows_forward(f, y, image + c, beyond);
    for (size_t x = 0; x < (size_t)f->columns; x += LANES) columns_forward(f, x, factor, middle, spectrum);
  }
}

void cvz_fourier_adjoint(cvz_fourier *f, const float *image, float *spectrum)
{
  transform(f, image, 0, 1.0f / ((float)f->height * (float)f->even_width), 2, spectrum);
}

void cvz_fourier_forward(cvz_fourier *f, const float *image, float *spectrum)
{
  transform(f, image, 1, 1, 1, spectrum);
}
