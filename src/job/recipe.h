/* job/recipe.h: recipes, named sets of defaults. */
#ifndef CVZ_JOB_RECIPE_H
#define CVZ_JOB_RECIPE_H

#include "job/options.h"

/** Gives the options that the job does not set itself the values of its recipe.
 *  @return CVZ_E_USAGE for an unknown recipe, with the known ones */
cvz_status cvz_recipe_apply(cvz_options *options, cvz_error *error);

/** What a recipe says for an option, as text; NULL if the recipe or the option in it is unknown. */
const char *cvz_recipe_value(const char *recipe, cvz_option_id id);

#endif
