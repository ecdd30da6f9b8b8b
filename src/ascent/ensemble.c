#include "ascent/ensemble.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

typedef struct member {
  cvz_workspace workspace;
  cvz_ascent ascent;
  float *loss;   /* (iterations) */
  float *parked; /* (H, W, C) its image while others have the run; NULL: it is not the run's */
  float *grams;  /* own, then the sums of the others' */
  cvz_term terms[CVZ_TERMS_MAX];
  cvz_diversity diversities[CVZ_TERMS_MAX];
  cvz_objective objective;
} member;

struct cvz_ensemble {
  member *members;
  int count, steps;
  member *turn; /* whose image is in the run; NULL: nobody's */
  size_t grams;
  float *slope; /* (grams): scratch */
};

bool cvz_ensemble_is_wanted(const cvz_objective *objective)
{
  for (int i = 0; i < objective->count; i++)
    if (objective->terms[i].kind == CVZ_TERM_DIVERSITY) return true;
  return false;
}

static cvz_status create_member(member *m, const cvz_workspace *like, size_t grams, cvz_error *error)
{
  CVZ_TRY(cvz_workspace_create(&m->workspace, like->recipe, like->image, like->view, like->kernels, error));
  m->loss = cvz_array((size_t)like->recipe->iterations, sizeof *m->loss, error);
  m->grams = cvz_array(grams, 2 * sizeof *m->grams, error);
  if (!m->workspace.pixels) m->parked = cvz_array(cvz_shape_count(like->image), sizeof *m->parked, error);
  return m->loss && m->grams && (m->parked || m->workspace.pixels) ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_ensemble_create(cvz_ensemble **ensemble, const cvz_workspace *like, int count, size_t grams,
                               cvz_error *error)
{
  cvz_ensemble *e = cvz_array(1, sizeof *e, error);
  if (!e) return CVZ_E_MEMORY;
  *e = (cvz_ensemble){.count = count, .grams = grams};
  e->members = cvz_array((size_t)count, sizeof *e->members, error);
  e->slope = cvz_array(grams, sizeof *e->slope, error);
  cvz_status status = e->members && e->slope ? CVZ_OK : CVZ_E_MEMORY;
  for (int i = 0; status == CVZ_OK && i < count; i++) status = create_member(&e->members[i], like, grams, error);
  if (status == CVZ_OK)
    *ensemble = e;
  else
    cvz_ensemble_free(e);
  return status;
}

void cvz_ensemble_free(cvz_ensemble *e)
{
  if (!e) return;
  for (int i = 0; e->members && i < e->count; i++) {
    cvz_workspace_free(&e->members[i].workspace);
    free(e->members[i].loss);
    free(e->members[i].parked);
    free(e->members[i].grams);
  }
  free(e->members);
  free(e->slope);
  free(e);
}

/* The terms, with a place for each Gram matrix. */
static void take_objective(cvz_ensemble *e, member *m, cvz_run *run, const cvz_objective *objective)
{
  size_t first = 0;
  m->objective = (cvz_objective){m->terms, objective->count};
  for (int i = 0; i < objective->count; i++) {
    m->terms[i] = objective->terms[i];
    if (m->terms[i].kind != CVZ_TERM_DIVERSITY) continue;
    const size_t channels = (size_t)cvz_run_map(run, m->terms[i].map).channels;
    m->diversities[i] = (cvz_diversity){m->grams + first, 1, m->grams + e->grams + first, e->slope + first};
    m->terms[i].diversity = &m->diversities[i];
    first += channels * channels;
  }
}

static size_t image_bytes(const member *m)
{
  return cvz_shape_count(m->workspace.image) * sizeof(float);
}

static void park(cvz_ensemble *e)
{
  member *m = e->turn;
  if (m && m->parked) memcpy(m->parked, cvz_run_image(m->ascent.run), image_bytes(m));
  e->turn = NULL;
}

cvz_ascent *cvz_ensemble_turn(cvz_ensemble *e, int index, cvz_run *run)
{
  member *m = &e->members[index];
  park(e);
  m->ascent.run = run;
  cvz_run_select(run, m->ascent.unit.channel);
  if (m->parked) memcpy(cvz_run_image(run), m->parked, image_bytes(m));
  e->turn = m;
  return &m->ascent;
}

void cvz_ensemble_begin(cvz_ensemble *e, cvz_run *run, cvz_ascent_unit unit)
{
  const cvz_objective objective = cvz_ascent_objective(&unit);
  e->steps = 0, e->turn = NULL;
  for (int i = 0; i < e->count; i++) {
    member *m = &e->members[i];
    take_objective(e, m, run, &objective);
    unit.repeat = i, unit.objective = &m->objective;
    park(e);
    cvz_ascent_begin(&m->ascent, &m->workspace, run, unit, m->loss);
    e->turn = m;
  }
  park(e);
}

static bool goes_on(const member *m)
{
  return m->ascent.status == CVZ_UNIT_MISSING;
}

static void measure(member *m)
{
  cvz_ascent_preview(&m->ascent);
  for (int i = 0; i < m->objective.count; i++)
    if (m->terms[i].kind == CVZ_TERM_DIVERSITY)
      cvz_diversity_measure(&m->diversities[i], cvz_objective_part(&m->terms[i], m->ascent.run));
}

/* Those that have ended do not count any more. */
static void sum_others(cvz_ensemble *e, int index)
{
  float *sum = e->members[index].grams + e->grams;
  memset(sum, 0, e->grams * sizeof *sum);
  for (int i = 0; i < e->count; i++) {
    if (i == index || !goes_on(&e->members[i])) continue;
    for (size_t k = 0; k < e->grams; k++) sum[k] += e->members[i].grams[k];
  }
}

bool cvz_ensemble_step(cvz_ensemble *e, cvz_run *run)
{
  bool more = false;
  for (int i = 0; i < e->count; i++) {
    if (!goes_on(&e->members[i])) continue;
    cvz_ensemble_turn(e, i, run);
    measure(&e->members[i]);
  }
  for (int i = 0; i < e->count; i++)
    if (goes_on(&e->members[i])) sum_others(e, i);
  for (int i = 0; i < e->count; i++)
    if (goes_on(&e->members[i])) more |= cvz_ascent_step(cvz_ensemble_turn(e, i, run));
  park(e);
  e->steps++;
  return more;
}

int cvz_ensemble_steps(const cvz_ensemble *e)
{
  return e->steps;
}

/* Before each member's own state. */
typedef struct member_place {
  int32_t step, status;
} member_place;

#define PLACE (sizeof(member_place) / sizeof(float))

size_t cvz_ensemble_state_count(const cvz_ensemble *e)
{
  return (size_t)e->count * (PLACE + cvz_ascent_state_count(&e->members[0].ascent));
}

void cvz_ensemble_save(cvz_ensemble *e, cvz_run *run, float *state)
{
  for (int i = 0; i < e->count; i++) {
    const cvz_ascent *a = cvz_ensemble_turn(e, i, run);
    const member_place place = {a->step, (int32_t)a->status};
    memcpy(state, &place, sizeof place);
    cvz_ascent_save(a, state + PLACE);
    state += PLACE + cvz_ascent_state_count(a);
  }
  park(e);
}

void cvz_ensemble_restore(cvz_ensemble *e, cvz_run *run, const float *state)
{
  e->steps = 0;
  for (int i = 0; i < e->count; i++) {
    cvz_ascent *a = cvz_ensemble_turn(e, i, run);
    member_place place;
    memcpy(&place, state, sizeof place);
    cvz_ascent_restore(a, place.step, state + PLACE);
    a->status = (cvz_unit_status)place.status;
    state += PLACE + cvz_ascent_state_count(a);
    if (a->step > e->steps) e->steps = a->step;
  }
  park(e);
}
