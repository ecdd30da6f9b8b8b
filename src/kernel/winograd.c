#include "kernel/winograd.h"

enum { MOST_SIDE = 8, MOST_TAPS = 4 };

#define NEAR ((double)CVZ_WINOGRAD_NEAR)
#define FAR  ((double)CVZ_WINOGRAD_FAR)

/* Row i of G: the powers of point i over the product of its distances to the other finite points. */
#define POWERS(x, distances)                                                                                           \
  {                                                                                                                    \
    1 / (distances), (x) / (distances), (x) * (x) / (distances), (x) * (x) * (x) / (distances)                         \
  }
#define SMALL_DISTANCES(x, y)    (2 * (x) * (x) * ((x) * (x) - (y) * (y)))
#define LARGE_DISTANCES(x, y, z) (SMALL_DISTANCES(x, y) * ((x) * (x) - (z) * (z)))

static const double small_points[][MOST_TAPS] = {
    POWERS(0, NEAR *NEAR *FAR *FAR),           POWERS(NEAR, SMALL_DISTANCES(NEAR, FAR)),
    POWERS(-NEAR, SMALL_DISTANCES(NEAR, FAR)), POWERS(FAR, SMALL_DISTANCES(FAR, NEAR)),
    POWERS(-FAR, SMALL_DISTANCES(FAR, NEAR)),
};

static const double large_points[][MOST_TAPS] = {
    POWERS(0, -1.0),
    POWERS(0.5, LARGE_DISTANCES(0.5, 1, 2)),
    POWERS(-0.5, LARGE_DISTANCES(0.5, 1, 2)),
    POWERS(1, LARGE_DISTANCES(1.0, 0.5, 2)),
    POWERS(-1, LARGE_DISTANCES(1.0, 0.5, 2)),
    POWERS(2, LARGE_DISTANCES(2.0, 0.5, 1)),
    POWERS(-2, LARGE_DISTANCES(2.0, 0.5, 1)),
};

/* o = G k for k[0], k[step], ...; infinity picks the last tap. */
static void transform_line(double o[MOST_SIDE], const double *k, int step, int side, int taps)
{
  const double(*points)[MOST_TAPS] = side == MOST_SIDE ? large_points : small_points;
  for (int i = 0; i < side - 1; i++) {
    o[i] = points[i][0] * k[0];
    for (int r = 1; r < taps; r++) o[i] += points[i][r] * k[r * step];
  }
  o[side - 1] = k[(taps - 1) * step];
}

/* u = G k G' */
static void transform(double *u, int side, double k[MOST_TAPS][MOST_TAPS], int taps)
{
  double columns[MOST_TAPS][MOST_SIDE];
  for (int s = 0; s < taps; s++) transform_line(columns[s], &k[0][s], MOST_TAPS, side, taps);
  for (int i = 0; i < side; i++) transform_line(u + i * side, &columns[0][i], MOST_SIDE, side, taps);
}

void cvz_winograd_weights(int tile, double *u, const float *kernel, ptrdiff_t row, ptrdiff_t column)
{
  double k[MOST_TAPS][MOST_TAPS];
  for (int r = 0; r < 3; r++)
    for (int s = 0; s < 3; s++) k[r][s] = (double)kernel[r * row + s * column];
  transform(u, cvz_winograd_side(tile), k, 3);
}

void cvz_winograd_stride2_weights(double *u, const float *kernel, int height, int width, ptrdiff_t row,
                                  ptrdiff_t column, int y, int x)
{
  double k[MOST_TAPS][MOST_TAPS];
  for (int r = 0; r < MOST_TAPS; r++)
    for (int s = 0; s < MOST_TAPS; s++) {
      const int i = 2 * r + y, j = 2 * s + x;
      k[r][s] = i < height && j < width ? (double)kernel[i * row + j * column] : 0;
    }
  transform(u, cvz_winograd_side(CVZ_WINOGRAD_STRIDE2_TILE), k, MOST_TAPS);
}
