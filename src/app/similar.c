#include "app/similar.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/start_image.h"
#include "base/memory.h"
#include "job/similar.h"
#include "store/layer_read.h"
#include "store/layer_similar.h"

/* One layer's answers. */
typedef struct answers {
  int count;
  float *responses, *similarity;
  int *similar;
  bool *counted;
} answers;

cvz_status cvz_similar_plan(const cvz_similar_job *job, cvz_packs *packs, cvz_plan **plans, cvz_error *error)
{
  for (int i = 0; i < job->work->layer_count; i++) {
    const cvz_plan_request request = {.target = job->work->layers[i].node,
                                      .height = job->tile_height,
                                      .width = job->tile_width,
                                      .kernels = job->planner->kernels};
    CVZ_TRY(cvz_plan_create(&plans[i], job->planner->graph, &request, packs, error));
  }
  return CVZ_OK;
}

static cvz_status check(const cvz_similar_job *job, const cvz_layer_file_info *info, const cvz_work_layer *layer,
                        cvz_error *error)
{
  const char *hash = cvz_attribute_text(info->attributes, info->attribute_count, "model_xxh64");
  CVZ_REQUIRE(!strcmp(hash, job->model_hash), error, CVZ_E_USAGE,
              "similar: layer '%s' is of a model with XXH64 %s, expected %s", layer->stem, hash, job->model_hash);
  CVZ_REQUIRE(info->tile_height == job->tile_height && info->tile_width == job->tile_width, error, CVZ_E_USAGE,
              "similar: layer '%s' has pictures of %d x %d, expected %d x %d (see --size)", layer->stem,
              info->tile_height, info->tile_width, job->tile_height, job->tile_width);
  const int channels = cvz_graph_input_range(job->planner->graph).channels;
  const bool transparent = info->channels == 4 && (channels == 1 || channels == 3); /* --alpha */
  CVZ_REQUIRE(info->channels == channels || transparent, error, CVZ_E_USAGE,
              "similar: layer '%s' has pictures of %d channels, expected the %d of the network's image", layer->stem,
              info->channels, channels);
  CVZ_REQUIRE(info->filters[info->count - 1] < layer->channels, error, CVZ_E_USAGE,
              "similar: layer '%s' has filter %d, expected less than %d", layer->stem, info->filters[info->count - 1],
              layer->channels);
  return CVZ_OK;
}

static void answers_free(answers *a)
{
  free(a->responses);
  free(a->similarity);
  free(a->similar);
  free(a->counted);
}

static cvz_status answers_create(answers *a, int count, cvz_error *error)
{
  const size_t n = (size_t)count;
  *a = (answers){.count = count};
  a->responses = cvz_array(n, n * sizeof *a->responses, error);
  a->similarity = cvz_array(n, CVZ_SIMILAR_MOST * sizeof *a->similarity, error);
  a->similar = cvz_array(n, CVZ_SIMILAR_MOST * sizeof *a->similar, error);
  a->counted = cvz_array(n, sizeof *a->counted, error);
  return a->responses && a->similarity && a->similar && a->counted ? CVZ_OK : CVZ_E_MEMORY;
}

static bool has_picture(cvz_unit_status status)
{
  return status != CVZ_UNIT_MISSING && status != CVZ_UNIT_DEAD && status != CVZ_UNIT_NAN;
}

/* All pictures of a layer through the network. */
static cvz_status respond(const cvz_similar_job *job, cvz_layer_read *read, const cvz_plan *plan, answers *a,
                          cvz_error *error)
{
  const cvz_layer_file_info *info = cvz_layer_read_info(read);
  cvz_block arena = {0};
  cvz_run *run = NULL;
  cvz_status status = cvz_block_create(&arena, cvz_plan_arena(plan) * sizeof(float), error);
  if (status == CVZ_OK) status = cvz_run_create(&run, plan, arena.data, error);
  for (int i = 0; status == CVZ_OK && i < a->count; i++) {
    cvz_result result;
    CVZ_TRY_GOTO(cvz_layer_read_unit(read, i, &result, error), done);
    a->counted[i] = has_picture(result.status);
    cvz_start_image_map(job->planner->graph, result.tile, info->channels,
                        (size_t)cvz_plan_image(plan).height * (size_t)cvz_plan_image(plan).width, cvz_run_image(run));
    cvz_run_forward(run);
    cvz_similar_responses(run, info->filters, a->count, a->responses + (size_t)i * (size_t)a->count);
  }
done:
  cvz_run_free(run);
  cvz_block_free(&arena);
  return status;
}

static cvz_status find_in_layer(const cvz_similar_job *job, int index, const cvz_plan *plan, cvz_error *error)
{
  const cvz_work_layer *layer = &job->work->layers[index];
  cvz_layer_read *read;
  answers a = {0};
  CVZ_TRY(cvz_layer_read_open(&read, job->directory, layer->stem, error));
  cvz_status status = answers_create(&a, cvz_layer_read_info(read)->count, error);
  if (status == CVZ_OK) status = respond(job, read, plan, &a, error);
  cvz_layer_read_close(read);
  if (status == CVZ_OK) status = cvz_similar_find(a.responses, a.counted, a.count, a.similar, a.similarity, error);
  const cvz_layer_similar found = {a.count, CVZ_SIMILAR_MOST, a.responses, a.similar, a.similarity};
  if (status == CVZ_OK) status = cvz_layer_similar_write(job->directory, layer->stem, &found, error);
  answers_free(&a);
  return status;
}

static bool is_mine(const cvz_similar_job *job, int index)
{
  return index % cvz_comm_size(job->comm) == cvz_comm_rank(job->comm);
}

/* Nothing is changed unless all can be. */
static cvz_status check_layers(const cvz_similar_job *job, cvz_error *error)
{
  for (int i = 0; i < job->work->layer_count; i++) {
    cvz_layer_read *read;
    if (!is_mine(job, i)) continue;
    CVZ_TRY(cvz_layer_read_open(&read, job->directory, job->work->layers[i].stem, error));
    const cvz_status status = check(job, cvz_layer_read_info(read), &job->work->layers[i], error);
    cvz_layer_read_close(read);
    CVZ_TRY(status);
  }
  return CVZ_OK;
}

static cvz_status check_finished(const cvz_similar_job *job, cvz_error *error)
{
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/manifest.json", job->directory);
  CVZ_REQUIRE(!access(path, R_OK), error, CVZ_E_USAGE,
              "similar: '%s' has no manifest.json, expected the results of a job that has ended", job->directory);
  return CVZ_OK;
}

cvz_status cvz_similar_run(const cvz_similar_job *job, cvz_plan *const *plans, cvz_error *error)
{
  cvz_status status = check_finished(job, error);
  if (status == CVZ_OK) status = check_layers(job, error);
  CVZ_TRY(cvz_comm_agree(job->comm, status, error));
  for (int i = 0; status == CVZ_OK && i < job->work->layer_count; i++)
    if (is_mine(job, i)) status = find_in_layer(job, i, plans[i], error);
  CVZ_TRY(cvz_comm_agree(job->comm, status, error));
  if (cvz_comm_rank(job->comm) == 0) cvz_tell(job->log, "%s/index.html", job->directory);
  return CVZ_OK;
}
