#include "ascent/objective.h"

cvz_region cvz_objective_region(cvz_shape map, int border, bool *whole)
{
  const bool empty = map.height <= 2 * border || map.width <= 2 * border;
  if (whole) *whole = empty;
  if (empty) return cvz_region_whole(map);
  return (cvz_region){border, map.height - border, border, map.width - border};
}
