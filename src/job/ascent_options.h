/* job/ascent_options.h: the recipe of an ascent, from the options. */
#ifndef CVZ_JOB_ASCENT_OPTIONS_H
#define CVZ_JOB_ASCENT_OPTIONS_H

#include "ascent/climb.h"
#include "ascent/recipe.h"
#include "graph/graph.h"
#include "job/options.h"

/** What the options say, for images as this graph reads them; `start` and `magnitudes` are left NULL. Options must have
 *  passed cvz_options_check, and their recipe must be applied. */
cvz_ascent_recipe cvz_ascent_options(const cvz_options *options, const cvz_graph *graph);

/** Repeats and rescue, as the options say. */
cvz_climb_settings cvz_ascent_climb(const cvz_options *options);

/** What the network reads at once: --view, else --size. */
cvz_size cvz_ascent_view(const cvz_options *options);

#endif
