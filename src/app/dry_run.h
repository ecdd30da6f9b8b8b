/* app/dry_run.h: what a job would do and take, told without doing it. */
#ifndef CVZ_APP_DRY_RUN_H
#define CVZ_APP_DRY_RUN_H

#include <stdio.h>

#include "ascent/ascent.h"
#include "job/planner.h"
#include "model/keras.h"

/** A job as far as it is prepared; all borrowed. */
typedef struct cvz_dry_run {
  const cvz_planner *planner;
  const cvz_options *options;
  const cvz_work *work;
  cvz_plan *const *plans; /**< of all layers */
  cvz_packs *packs;       /**< of all plans, not filled */
  cvz_keras_file *file;   /**< NULL: there is only an architecture */
  const cvz_ascent_recipe *recipe;
  cvz_shape image; /**< of the pictures */
  int ranks;
} cvz_dry_run;

/** Prints `key: value` lines. Seconds come from a few steps of the layer that takes the largest share of the job,
 *  measured here, with random weights where there is no file. */
cvz_status cvz_dry_run_tell(FILE *stream, const cvz_dry_run *dry, cvz_error *error);

#endif
