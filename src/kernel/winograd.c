#include "kernel/winograd.h"

enum { SIDE = CVZ_WINOGRAD_SIDE, MOST_TAPS = 4 };

#define NEAR ((double)CVZ_WINOGRAD_NEAR)
#define FAR  ((double)CVZ_WINOGRAD_FAR)

/* Row i of G: the powers of point i over the product of its distances to the other finite points. */
#define POWERS(x, distances)                                                                                           \
  {                                                                                                                    \
    1 / (distances), (x) / (distances), (x) * (x) / (distances), (x) * (x) * (x) / (distances)                         \
  }
#define NEAR_DISTANCES (2 * NEAR * NEAR * (NEAR * NEAR - FAR * FAR))
#define FAR_DISTANCES  (2 * FAR * FAR * (FAR * FAR - NEAR * NEAR))

static const double finite_points[SIDE - 1][MOST_TAPS] = {
    POWERS(0, NEAR *NEAR *FAR *FAR), POWERS(NEAR, NEAR_DISTANCES), POWERS(-NEAR, NEAR_DISTANCES),
    POWERS(FAR, FAR_DISTANCES),      POWERS(-FAR, FAR_DISTANCES),
};

/* o = G k for k[0], k[step], ...; infinity picks the last tap. */
static void transform_line(double o[SIDE], const double *k, int step, int taps)
{
  for (int i = 0; i < SIDE - 1; i++) {
    o[i] = finite_points[i][0] * k[0];
    for (int r = 1; r < taps; r++) o[i] += finite_points[i][r] * k[r * step];
  }
  o[SIDE - 1] = k[(taps - 1) * step];
}

/* u = G k G' */
static void transform(double u[CVZ_WINOGRAD_POINTS], double k[MOST_TAPS][MOST_TAPS], int taps)
{
  double columns[MOST_TAPS][SIDE];
  for (int s = 0; s < taps; s++) transform_line(columns[s], &k[0][s], MOST_TAPS, taps);
  for (int i = 0; i < SIDE; i++) transform_line(u + i * SIDE, &columns[0][i], SIDE, taps);
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
