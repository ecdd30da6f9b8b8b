#include "kernel/winograd.h"

enum { SIDE = CVZ_WINOGRAD_SIDE, MOST_TAPS = 4 };

/* Row i of G: the powers of point i over the product of its distances to the other finite points; infinity picks the
 * last tap. */
static void interpolation(double g[SIDE][MOST_TAPS], int taps)
{
  static const double x[SIDE - 1] = {0, CVZ_WINOGRAD_NEAR, -CVZ_WINOGRAD_NEAR, CVZ_WINOGRAD_FAR, -CVZ_WINOGRAD_FAR};
  for (int i = 0; i < SIDE - 1; i++) {
    double distances = 1;
    for (int k = 0; k < SIDE - 1; k++)
      if (k != i) distances *= x[i] - x[k];
    g[i][0] = 1 / distances;
    for (int s = 1; s < taps; s++) g[i][s] = g[i][s - 1] * x[i];
  }
  for (int s = 0; s < taps; s++) g[SIDE - 1][s] = s == taps - 1;
}

/* u = G k G' */
static void transform(double u[CVZ_WINOGRAD_POINTS], double k[MOST_TAPS][MOST_TAPS], int taps)
{
  double g[SIDE][MOST_TAPS], rows[SIDE][MOST_TAPS] = {{0}};
  interpolation(g, taps);
  for (int i = 0; i < SIDE; i++)
    for (int s = 0; s < taps; s++)
      for (int r = 0; r < taps; r++) rows[i][s] += g[i][r] * k[r][s];
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      double sum = 0;
      for (int s = 0; s < taps; s++) sum += rows[i][s] * g[j][s];
      u[i * SIDE + j] = sum;
    }
}

void cvz_winograd_weights(double u[CVZ_WINOGRAD_POINTS], const float *kernel, ptrdiff_t row, ptrdiff_t column)
{
  double k[MOST_TAPS][MOST_TAPS];
  for (int r = 0; r < 3; r++)
    for (int s = 0; s < 3; s++) k[r][s] = (double)kernel[r * row + s * column];
  transform(u, k, 3);
}

void cvz_winograd_stride2_weights(double u[CVZ_WINOGRAD_POINTS], const float *kernel, int height, int width,
                                  ptrdiff_t row, ptrdiff_t column, int y, int x)
{
  double k[MOST_TAPS][MOST_TAPS];
  for (int r = 0; r < MOST_TAPS; r++)
    for (int s = 0; s < MOST_TAPS; s++) {
      const int i = 2 * r + y, j = 2 * s + x;
      k[r][s] = i < height && j < width ? (double)kernel[i * row + j * column] : 0;
    }
  transform(u, k, MOST_TAPS);
}
