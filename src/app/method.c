#include "app/method.h"

#include <stdlib.h>
#include <string.h>

#include "app/spectrum.h"
#include "app/start_image.h"
#include "job/ascent_options.h"
#include "job/work_objective.h"

/* Pictures that are to differ are repeats of one filter, and see the network once a step. */
static cvz_status check_diversity(const cvz_options *options, cvz_error *error)
{
  CVZ_REQUIRE(options->repeats > 1, error, CVZ_E_USAGE,
              "objective: '%.200s' has a diversity, expected --repeats 2 or more beside it", options->objective);
  CVZ_REQUIRE(
      options->views == 1 && !options->lasting, error, CVZ_E_USAGE,
      "objective: '%.200s' has a diversity, expected a recipe of one view a step that does not change the image "
      "for good",
      options->objective);
  return CVZ_OK;
}

static cvz_status share_start(cvz_method *method, cvz_comm *comm, const char *path, const cvz_graph *graph,
                              cvz_error *error)
{
  const size_t count = cvz_shape_count(method->image);
  cvz_status status = CVZ_OK;
  if (cvz_comm_rank(comm) == 0) status = cvz_start_image_read(&method->start, path, graph, method->image, error);
  CVZ_TRY(cvz_comm_share_floats(comm, &method->start, count, status, error));
  method->start_bytes = count * sizeof *method->start;
  method->recipe.start = method->start;
  return CVZ_OK;
}

cvz_status cvz_method_decide(cvz_method *method, cvz_comm *comm, const cvz_options *options, const cvz_graph *graph,
                             const cvz_work *work, const cvz_kernels *kernels, cvz_error *error)
{
  const int channels = graph->nodes[graph->input].input.channels;
  method->climb = cvz_ascent_climb(options);
  method->climb.grams = cvz_work_grams(work);
  if (method->climb.grams) CVZ_TRY(check_diversity(options, error));
  method->recipe = cvz_ascent_options(options, graph);
  method->image = (cvz_shape){3, options->size.height, options->size.width, channels};
  CVZ_TRY(
      cvz_workspace_check(&method->recipe, method->image, (cvz_shape){3, work->height, work->width, channels}, error));
  CVZ_TRY(cvz_spectrum_share(&method->magnitudes, &method->recipe, comm, options, method->image, kernels, error));
  return strcmp(options->init, "random") ? share_start(method, comm, options->init, graph, error) : CVZ_OK;
}

void cvz_method_free(cvz_method *method)
{
  free(method->start);
  free(method->magnitudes);
}
