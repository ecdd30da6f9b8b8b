/* job/changes.h: in what a job differs from its recipe. */
#ifndef CVZ_JOB_CHANGES_H
#define CVZ_JOB_CHANGES_H

#include "job/options.h"

/** Finds the parameters that a command line has to give beside --model, --layer, --filters, --recipe, --size,
 *  --iterations, --seed and --init, so that it renders the same.
 *
 *  @param attributes  of a job, as cvz_options_attributes gives them; others among them are passed over
 *  @param[out] changed  (count) the option of each attribute that is such a one, NULL of all others; all NULL if the
 *                       recipe is not known */
cvz_status cvz_changes_find(const cvz_attribute *attributes, int count, const cvz_option **changed, cvz_error *error);

#endif
