#include "app/plans.h"

#include <stdlib.h>

#include "base/memory.h"

cvz_status cvz_plans_create(cvz_plans *plans, const cvz_planner *planner, const cvz_work *work, cvz_error *error)
{
  plans->count = work->layer_count;
  plans->plain = cvz_array((size_t)work->layer_count, sizeof *plans->plain, error);
  plans->redirected = cvz_array((size_t)work->layer_count, sizeof *plans->redirected, error);
  if (!plans->plain || !plans->redirected) return CVZ_E_MEMORY;
  return cvz_packs_create(&plans->packs, planner->graph, planner->gemm, error);
}

cvz_status cvz_plans_make(cvz_plans *plans, cvz_comm *comm, const cvz_planner *planner, cvz_work *work, bool redirected,
                          cvz_error *error)
{
  cvz_status status = cvz_plans_create(plans, planner, work, error);
  if (status == CVZ_OK) status = cvz_planner_all(planner, work, plans->packs, plans->plain, error);
  if (status == CVZ_OK && redirected)
    status = cvz_planner_redirected(planner, work, plans->packs, plans->plain, plans->redirected, error);
  return cvz_comm_agree(comm, status, error);
}

cvz_status cvz_plans_drop_others(cvz_plans *plans, const cvz_work *work, const cvz_schedule *schedule, int rank,
                                 cvz_error *error)
{
  bool *mine = cvz_array((size_t)plans->count, sizeof *mine, error);
  if (!mine) return CVZ_E_MEMORY;
  int count;
  const int *units = cvz_schedule_units(schedule, rank, &count);
  for (int i = 0; i < count; i++) mine[cvz_work_layer_of(work, units[i])] = true;
  for (int i = 0; i < plans->count; i++) {
    if (mine[i]) continue;
    cvz_plan_free(plans->plain[i]);
    cvz_plan_free(plans->redirected[i]);
    plans->plain[i] = plans->redirected[i] = NULL;
  }
  free(mine);
  return CVZ_OK;
}

static cvz_status read_weights(const cvz_plans *plans, const cvz_source *source, float *values, const cvz_log *log,
                               cvz_error *error)
{
  bool *wanted = cvz_array((size_t)source->graph.weight_count, sizeof *wanted, error);
  if (!wanted) return CVZ_E_MEMORY;
  cvz_packs_wanted(plans->packs, wanted);
  const cvz_status status = cvz_keras_read(source->file, &source->graph, wanted, values, log, error);
  free(wanted);
  return status;
}

cvz_status cvz_plans_pack(cvz_plans *plans, cvz_comm *comm, const cvz_source *source, const cvz_log *log,
                          cvz_error *error)
{
  cvz_window_memory *raw = NULL;
  const size_t packed = cvz_packs_layout(plans->packs) * sizeof(float);
  CVZ_TRY(cvz_window_create(&raw, comm, source->graph.value_count * sizeof(float), log, error));
  cvz_status status = cvz_window_create(&plans->packed, comm, packed, log, error);
  if (status == CVZ_OK) {
    if (cvz_comm_rank(comm) == 0) status = read_weights(plans, source, cvz_window_data(raw), log, error);
    status = cvz_comm_agree(comm, status, error);
  }
  if (status == CVZ_OK) {
    cvz_window_share(raw);
    cvz_packs_bind(plans->packs, cvz_window_data(plans->packed));
    status = cvz_packs_fill(plans->packs, cvz_window_data(raw), cvz_window_part(plans->packed),
                            cvz_window_parts(plans->packed), error);
    status = cvz_comm_agree(comm, status, error);
    cvz_window_sync(plans->packed);
  }
  cvz_window_free(raw);
  return status;
}

void cvz_plans_free(cvz_plans *plans)
{
  for (int i = 0; plans->plain && i < plans->count; i++) cvz_plan_free(plans->plain[i]);
  for (int i = 0; plans->redirected && i < plans->count; i++) cvz_plan_free(plans->redirected[i]);
  free(plans->plain);
  free(plans->redirected);
  cvz_packs_free(plans->packs);
  cvz_window_free(plans->packed);
}
