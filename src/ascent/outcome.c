#include "ascent/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Whether there is room for whatever has a size. */
static bool allocate(cvz_outcome *o, const cvz_outcome_sizes *sizes, cvz_error *error)
{
  o->loss = cvz_array(sizes->loss, sizeof *o->loss, error);
  o->image = cvz_array(sizes->image, sizeof *o->image, error);
  if (sizes->mass) o->mass = cvz_array(sizes->mass, sizeof *o->mass, error);
  if (sizes->film) o->film = cvz_array(sizes->film, 1, error);
  return o->loss && o->image && (o->mass || !sizes->mass) && (o->film || !sizes->film);
}

cvz_status cvz_outcomes_create(cvz_outcomes *outcomes, int count, cvz_outcome_sizes sizes, cvz_error *error)
{
  *outcomes = (cvz_outcomes){.count = count, .sizes = sizes};
  outcomes->places = cvz_array((size_t)count, sizeof *outcomes->places, error);
  if (!outcomes->places) return CVZ_E_MEMORY;
  for (int i = 0; i < count; i++)
    if (!allocate(&outcomes->places[i], &sizes, error)) return CVZ_E_MEMORY;
  return CVZ_OK;
}

void cvz_outcomes_free(cvz_outcomes *outcomes)
{
  for (int i = 0; outcomes->places && i < outcomes->count; i++) {
    free(outcomes->places[i].loss);
    free(outcomes->places[i].image);
    free(outcomes->places[i].mass);
    free(outcomes->places[i].film);
  }
  free(outcomes->places);
  *outcomes = (cvz_outcomes){0};
}

void cvz_outcomes_clear(cvz_outcomes *outcomes)
{
  for (int i = 0; i < outcomes->count; i++) outcomes->places[i].status = CVZ_UNIT_MISSING;
}

/* Kinds of ends, the better the larger. */
static int rank_of(cvz_unit_status status)
{
  static const int ranks[CVZ_UNIT_STATUSES] = {
      [CVZ_UNIT_NAN] = 1, [CVZ_UNIT_DEAD] = 2, [CVZ_UNIT_WEAK] = 3, [CVZ_UNIT_OK] = 4, [CVZ_UNIT_RESCUED] = 4};
  return ranks[status];
}

static bool is_better(const cvz_outcome *a, const cvz_outcome *b)
{
  if (rank_of(a->status) != rank_of(b->status)) return rank_of(a->status) > rank_of(b->status);
  return a->score > b->score;
}

/* The arrays of an outcome in those of another. */
static void copy_arrays(const cvz_outcome_sizes *sizes, const cvz_outcome *to, const cvz_outcome *from)
{
  memcpy(to->loss, from->loss, sizes->loss * sizeof *to->loss);
  memcpy(to->image, from->image, sizes->image * sizeof *to->image);
  if (sizes->mass) memcpy(to->mass, from->mass, sizes->mass * sizeof *to->mass);
  if (sizes->film) memcpy(to->film, from->film, sizes->film);
}

void cvz_outcomes_keep(cvz_outcomes *outcomes, int place, const cvz_outcome *outcome)
{
  cvz_outcome *kept = &outcomes->places[place];
  const cvz_outcome arrays = *kept;
  if (!is_better(outcome, kept)) return;
  copy_arrays(&outcomes->sizes, kept, outcome);
  *kept = *outcome;
  kept->loss = arrays.loss, kept->image = arrays.image, kept->mass = arrays.mass, kept->film = arrays.film;
}

const cvz_outcome *cvz_outcomes_best(const cvz_outcomes *outcomes, int first, int count)
{
  const cvz_outcome *best = &outcomes->places[first];
  for (int i = first + 1; i < first + count; i++)
    if (is_better(&outcomes->places[i], best)) best = &outcomes->places[i];
  return best;
}

/* The numbers of an outcome, before its arrays. */
typedef struct outcome_head {
  int32_t status, repeat, attempt;
  float score;
} outcome_head;

#define HEAD (sizeof(outcome_head) / sizeof(float))

/* The arrays behind the numbers of a state, to copy there or from there. */
static cvz_outcome arrays_of(const cvz_outcome_sizes *sizes, float *state)
{
  float *mass = state + sizes->loss + sizes->image;
  return (cvz_outcome){
      .loss = state, .image = state + sizes->loss, .mass = mass, .film = (uint8_t *)(mass + sizes->mass)};
}

static size_t state_of_one(const cvz_outcome_sizes *sizes)
{
  const size_t film = (sizes->film + sizeof(float) - 1) / sizeof(float);
  return HEAD + sizes->loss + sizes->image + sizes->mass + film;
}

size_t cvz_outcomes_state_count(const cvz_outcomes *outcomes)
{
  return (size_t)outcomes->count * state_of_one(&outcomes->sizes);
}

float *cvz_outcomes_save(const cvz_outcomes *outcomes, float *state)
{
  for (int i = 0; i < outcomes->count; i++, state += state_of_one(&outcomes->sizes)) {
    const cvz_outcome *o = &outcomes->places[i], arrays = arrays_of(&outcomes->sizes, state + HEAD);
    const outcome_head head = {(int32_t)o->status, o->repeat, o->attempt, o->score};
    memcpy(state, &head, sizeof head);
    copy_arrays(&outcomes->sizes, &arrays, o);
  }
  return state;
}

const float *cvz_outcomes_restore(cvz_outcomes *outcomes, const float *state)
{
  for (int i = 0; i < outcomes->count; i++, state += state_of_one(&outcomes->sizes)) {
    cvz_outcome *o = &outcomes->places[i];
    const cvz_outcome arrays = arrays_of(&outcomes->sizes, (float *)(state + HEAD)); /* which are read alone */
    outcome_head head;
    memcpy(&head, state, sizeof head);
    o->status = (cvz_unit_status)head.status;
    o->repeat = head.repeat, o->attempt = head.attempt, o->score = head.score;
    copy_arrays(&outcomes->sizes, o, &arrays);
  }
  return state;
}
