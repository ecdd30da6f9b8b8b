/* app/method.h: how the filters of a job are climbed: the recipe, how often one is tried, and the image from which all
 * start. */
#ifndef CVZ_APP_METHOD_H
#define CVZ_APP_METHOD_H

#include "ascent/climb.h"
#include "job/options.h"
#include "job/work.h"
#include "parallel/comm.h"

/** Zero-initialise; free with cvz_method_free. */
typedef struct cvz_method {
  cvz_ascent_recipe recipe; /**< borrows `start` and `magnitudes` */
  cvz_climb_settings climb;
  cvz_shape image; /**< of the pictures; the work's size is that of what the network reads */
  float *start;    /**< NULL unless --init names a file */
  size_t start_bytes;
  float *magnitudes; /**< of cvz_spectrum_count; NULL unless --spectrum-from names pictures */
} cvz_method;

/** Decides what the options and the work ask for; rank 0 reads the files of --init and --spectrum-from. Collective.
 *  @return CVZ_E_USAGE where a recipe does not go with an objective or with the image's shape */
cvz_status cvz_method_decide(cvz_method *method, cvz_comm *comm, const cvz_options *options, const cvz_graph *graph,
                             const cvz_work *work, const cvz_kernels *kernels, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_method_free(cvz_method *method);

#endif
