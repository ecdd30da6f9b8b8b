#include "ascent/objective.h"

cvz_region cvz_objective_region(cvz_shape map, int border, bool *whole)
{
  const bool empty = map.height <= 2 * border || map.width <= 2 * border;
  if (whole) *whole = empty;
  if (empty) return cvz_region_whole(map);
  return (cvz_region){border, map.height - border, border, map.width - border};
}

double cvz_objective_mean(cvz_view part)
{
  double sum = 0;
  for (int y = 0; y < part.height; y++)
    for (int x = 0; x < part.width; x++) sum += (double)part.data[(size_t)y * part.row + (size_t)x * part.pixel];
  return sum / ((double)part.height * part.width);
}
