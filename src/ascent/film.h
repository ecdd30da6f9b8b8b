/* ascent/film.h: pictures of an ascent on its way, evenly spread over its steps: the start, the end, and between. */
#ifndef CVZ_ASCENT_FILM_H
#define CVZ_ASCENT_FILM_H

#include <stddef.h>

#include "ascent/ascent.h"

#define CVZ_FILM_MAX ((size_t)1 << 30) /**< bytes of one filter's */

/** Whether a recipe's film can be made. @return CVZ_E_USAGE if not */
cvz_status cvz_film_check(const cvz_ascent_recipe *recipe, cvz_shape image, cvz_error *error);

/** Channels of its pictures: those of the network, without the transparency that recipe->alpha adds. */
int cvz_film_channels(cvz_shape image);

/** Bytes of all its pictures; 0 if the recipe wants none. */
size_t cvz_film_bytes(const cvz_ascent_recipe *recipe, cvz_shape image);

/** Puts the pictures that are due after `step` steps into a film: (frames, height, width, channels). Picture i is due
 *  after i / (frames - 1) of the iterations, rounded.
 *  @param image   (H, W, C)
 *  @param status  CVZ_UNIT_MISSING while the ascent goes on. When it has ended all pictures that were still to come
 * show its end, and those of one that is dead or NaN are all plain gray */
void cvz_film_take(const cvz_ascent_recipe *recipe, cvz_shape image, const float *values, int step,
                   cvz_unit_status status, uint8_t *film);

#endif
