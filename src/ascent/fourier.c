#include "ascent/fourier.h"

#include <kissfft/kiss_fft.h>
#include <kissfft/kiss_fftr.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct cvz_fourier {
  int height, width, even_width, columns;
  kiss_fftr_cfg rows, rows_inverse;
  kiss_fft_cfg down, down_inverse;
  kiss_fft_cpx *between; /* (columns, height): transformed along one direction */
  kiss_fft_cpx *line;    /* the longest row or column */
  float *row;            /* (even_width) */
};

static cvz_status allocate(cvz_fourier *f, cvz_error *error)
{
  const size_t longest = (size_t)(f->height > f->columns ? f->height : f->columns);
  f->rows = kiss_fftr_alloc(f->even_width, 0, NULL, NULL);
  f->rows_inverse = kiss_fftr_alloc(f->even_width, 1, NULL, NULL);
  f->down = kiss_fft_alloc(f->height, 0, NULL, NULL);
  f->down_inverse = kiss_fft_alloc(f->height, 1, NULL, NULL);
  CVZ_REQUIRE(f->rows && f->rows_inverse && f->down && f->down_inverse, error, CVZ_E_MEMORY,
              "no memory for a Fourier transform of %d x %d", f->height, f->width);
  f->between = cvz_array((size_t)f->columns * (size_t)f->height, sizeof *f->between, error);
  f->line = cvz_array(longest, sizeof *f->line, error);
  f->row = cvz_array((size_t)f->even_width, sizeof *f->row, error);
  return f->between && f->line && f->row ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_fourier_create(cvz_fourier **fourier, int height, int width, cvz_error *error)
{
  cvz_fourier *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->height = height;
  created->width = width;
  created->even_width = width + width % 2;
  created->columns = created->even_width / 2 + 1;
  const cvz_status status = allocate(created, error);
  if (status == CVZ_OK)
    *fourier = created;
  else
    cvz_fourier_free(created);
  return status;
}

void cvz_fourier_free(cvz_fourier *fourier)
{
  if (!fourier) return;
  kiss_fftr_free(fourier->rows);
  kiss_fftr_free(fourier->rows_inverse);
  kiss_fft_free(fourier->down);
  kiss_fft_free(fourier->down_inverse);
  free(fourier->between);
  free(fourier->line);
  free(fourier->row);
  free(fourier);
}

size_t cvz_fourier_count(const cvz_fourier *fourier)
{
  return (size_t)fourier->height * (size_t)fourier->columns * 2;
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

/* Numbers that lie `stride` apart, such that the transform of a line reads it in one place. */
static void gather_line(const cvz_fourier *f, kiss_fft_cpx *line, int y)
{
  for (int x = 0; x < f->columns; x++) line[x] = f->between[(size_t)x * (size_t)f->height + (size_t)y];
}

void cvz_fourier_inverse(cvz_fourier *f, const float *spectrum, float *image, size_t stride)
{
  const float norm = 1.0f / ((float)f->height * (float)f->even_width);
  const kiss_fft_cpx *from = (const kiss_fft_cpx *)spectrum;
  for (int x = 0; x < f->columns; x++)
    kiss_fft_stride(f->down_inverse, from + x, f->between + (size_t)x * (size_t)f->height, f->columns);
  for (int y = 0; y < f->height; y++) {
    gather_line(f, f->line, y);
    kiss_fftri(f->rows_inverse, f->line, f->row);
    float *to = image + (size_t)y * (size_t)f->width * stride;
    for (int x = 0; x < f->width; x++) to[(size_t)x * stride] = f->row[x] * norm;
  }
}

/* The transform of the image; what is beyond its width is `beyond` times its last pixel. Column x of the result is
 * multiplied by factor, and the middle ones, which stand for two frequencies, by `middle` too. */
static void transform(cvz_fourier *f, const float *image, size_t stride, float beyond, float factor, float middle,
                      float *spectrum)
{
  kiss_fft_cpx *to = (kiss_fft_cpx *)spectrum;
  for (int y = 0; y < f->height; y++) {
    const float *from = image + (size_t)y * (size_t)f->width * stride;
    for (int x = 0; x < f->width; x++) f->row[x] = from[(size_t)x * stride];
    if (f->even_width > f->width) f->row[f->width] = beyond * f->row[f->width - 1];
    kiss_fftr(f->rows, f->row, to + (size_t)y * (size_t)f->columns);
  }
  for (int x = 0; x < f->columns; x++) {
    const float scale = x == 0 || x == f->columns - 1 ? factor : factor * middle;
    kiss_fft_stride(f->down, to + x, f->line, f->columns);
    for (int y = 0; y < f->height; y++)
      to[(size_t)y * (size_t)f->columns + (size_t)x] = (kiss_fft_cpx){f->line[y].r * scale, f->line[y].i * scale};
  }
}

void cvz_fourier_adjoint(cvz_fourier *f, const float *image, size_t stride, float *spectrum)
{
  transform(f, image, stride, 0, 1.0f / ((float)f->height * (float)f->even_width), 2, spectrum);
}

void cvz_fourier_forward(cvz_fourier *f, const float *image, size_t stride, float *spectrum)
{
  transform(f, image, stride, 1, 1, 1, spectrum);
}
