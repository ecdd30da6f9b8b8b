#include "kernel/winograd.h"

enum { SIDE = CVZ_WINOGRAD_SIDE, TAPS = 3 };

/* Row i of G: the powers of point i over the product of its distances to the other finite points; infinity picks the
 * last tap. */
static void interpolation(double g[SIDE][TAPS])
{
  static const double x[SIDE - 1] = {0, CVZ_WINOGRAD_NEAR, -CVZ_WINOGRAD_NEAR, CVZ_WINOGRAD_FAR, -CVZ_WINOGRAD_FAR};
  for (int i = 0; i < SIDE - 1; i++) {
    double distances = 1;
    for (int k = 0; k < SIDE - 1; k++)
      if (k != i) distances *= x[i] - x[k];
    g[i][0] = 1 / distances;
    for (int s = 1; s < TAPS; s++) g[i][s] = g[i][s - 1] * x[i];
  }
  for (int s = 0; s < TAPS; s++) g[SIDE - 1][s] = s == TAPS - 1;
}

void cvz_winograd_weights(double u[CVZ_WINOGRAD_POINTS], const float *kernel, ptrdiff_t row, ptrdiff_t column)
{
  double g[SIDE][TAPS], rows[SIDE][TAPS] = {{0}};
  interpolation(g);
  for (int i = 0; i < SIDE; i++)
    for (int s = 0; s < TAPS; s++)
      for (int r = 0; r < TAPS; r++) rows[i][s] += g[i][r] * (double)kernel[r * row + s * column];
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      double sum = 0;
      for (int s = 0; s < TAPS; s++) sum += rows[i][s] * g[j][s];
      u[i * SIDE + j] = sum;
    }
}
