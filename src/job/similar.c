#include "job/similar.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static double mean_of(cvz_view map)
{
  double sum = 0;
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) sum += map.data[(size_t)y * map.row + (size_t)x * map.pixel];
  return sum / ((double)map.height * map.width);
}

void cvz_similar_responses(cvz_run *run, const int *filters, int count, float *responses)
{
  for (int k = 0; k < count; k++) {
    cvz_run_select(run, filters[k]);
    responses[k] = (float)mean_of(cvz_run_target(run));
  }
}

/* Column `k` less its mean, of length 1; zeros if it does not vary. */
static void standardise(const float *responses, const bool *counted, int count, int k, float *column)
{
  double sum = 0, squares = 0;
  int rows = 0;
  for (int i = 0; i < count; i++) {
    if (!counted[i]) continue;
    sum += responses[(size_t)i * (size_t)count + (size_t)k];
    rows++;
  }
  const double mean = rows ? sum / rows : 0;
  for (int i = 0; i < count; i++) {
    const double value = counted[i] ? responses[(size_t)i * (size_t)count + (size_t)k] - mean : 0;
    column[i] = (float)value;
    squares += value * value;
  }
  const double scale = squares > 0 && isfinite(squares) ? 1 / sqrt(squares) : 0;
  for (int i = 0; i < count; i++) column[i] = scale > 0 ? (float)(column[i] * scale) : 0;
}

static float dot(const float *a, const float *b, int count)
{
  double sum = 0;
  for (int i = 0; i < count; i++) sum += (double)a[i] * b[i];
  return (float)sum;
}

/* Puts `other` in its place of the list, if it has one. */
static void offer(int *similar, float *correlation, int other, float value)
{
  int place = CVZ_SIMILAR_MOST;
  while (place && (similar[place - 1] < 0 || value > correlation[place - 1])) place--;
  for (int i = CVZ_SIMILAR_MOST - 1; i > place; i--) {
    similar[i] = similar[i - 1];
    correlation[i] = correlation[i - 1];
  }
  if (place == CVZ_SIMILAR_MOST) return;
  similar[place] = other;
  correlation[place] = value;
}

static void find(const float *columns, const bool *counted, int count, int k, int *similar, float *correlation)
{
  const float *own = columns + (size_t)k * (size_t)count;
  for (int i = 0; i < CVZ_SIMILAR_MOST; i++) similar[i] = -1, correlation[i] = NAN;
  if (!counted[k]) return;
  for (int other = 0; other < count; other++)
    if (other != k && counted[other])
      offer(similar, correlation, other, dot(own, columns + (size_t)other * (size_t)count, count));
}

cvz_status cvz_similar_find(const float *responses, const bool *counted, int count, int *similar, float *correlation,
                            cvz_error *error)
{
  const size_t n = (size_t)count;
  float *columns = cvz_array(n, n * sizeof *columns, error);
  if (!columns) return CVZ_E_MEMORY;
  for (int k = 0; k < count; k++) standardise(responses, counted, count, k, columns + (size_t)k * n);
  for (int k = 0; k < count; k++)
    find(columns, counted, count, k, similar + (size_t)k * CVZ_SIMILAR_MOST,
         correlation + (size_t)k * CVZ_SIMILAR_MOST);
  free(columns);
  return CVZ_OK;
}
