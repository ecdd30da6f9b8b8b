/* ascent/objective.h: the number that the ascent raises. */
#ifndef CVZ_ASCENT_OBJECTIVE_H
#define CVZ_ASCENT_OBJECTIVE_H

#include <stdbool.h>

#include "graph/shape.h"
#include "kernel/view.h"

/** The part of a map over which the channel objective takes the mean: `border` pixels less a side, as the Keras example
 *  does with activation[:, 2:-2, 2:-2, k] to keep clear of border artefacts.
 *  @param[out] whole  (may be NULL) true if the crop would be empty and the whole map serves instead */
cvz_region cvz_objective_region(cvz_shape map, int border, bool *whole);

/** The value of the channel objective: the mean over the part of the map. */
double cvz_objective_mean(cvz_view part);

#endif
