#include "ascent/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

cvz_status cvz_outcomes_create(cvz_outcomes *outcomes, int count, size_t steps, size_t pixels, cvz_error *error)
{
  *outcomes = (cvz_outcomes){.count = count, .steps = steps, .pixels = pixels};
  outcomes->places = cvz_array((size_t)count, sizeof *outcomes->places, error);
  for (int i = 0; outcomes->places && i < count; i++) {
    cvz_outcome *o = &outcomes->places[i];
    o->loss = cvz_array(steps, sizeof *o->loss, error);
    o->image = cvz_array(pixels, sizeof *o->image, error);
    if (!o->loss || !o->image) return CVZ_E_MEMORY;
  }
  return outcomes->places ? CVZ_OK : CVZ_E_MEMORY;
}

void cvz_outcomes_free(cvz_outcomes *outcomes)
{
  for (int i = 0; outcomes->places && i < outcomes->count; i++) {
    free(outcomes->places[i].loss);
    free(outcomes->places[i].image);
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

void cvz_outcomes_keep(cvz_outcomes *outcomes, int place, const cvz_outcome *outcome)
{
  cvz_outcome *kept = &outcomes->places[place];
  float *loss = kept->loss, *image = kept->image;
  if (!is_better(outcome, kept)) return;
  memcpy(loss, outcome->loss, outcomes->steps * sizeof *loss);
  memcpy(image, outcome->image, outcomes->pixels * sizeof *image);
  *kept = *outcome;
  kept->loss = loss, kept->image = image;
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

size_t cvz_outcomes_state_count(const cvz_outcomes *outcomes)
{
  return (size_t)outcomes->count * (HEAD + outcomes->steps + outcomes->pixels);
}

float *cvz_outcomes_save(const cvz_outcomes *outcomes, float *state)
{
  for (int i = 0; i < outcomes->count; i++, state += HEAD + outcomes->steps + outcomes->pixels) {
    const cvz_outcome *o = &outcomes->places[i];
    const outcome_head head = {(int32_t)o->status, o->repeat, o->attempt, o->score};
    memcpy(state, &head, sizeof head);
    memcpy(state + HEAD, o->loss, outcomes->steps * sizeof *state);
    memcpy(state + HEAD + outcomes->steps, o->image, outcomes->pixels * sizeof *state);
  }
  return state;
}

const float *cvz_outcomes_restore(cvz_outcomes *outcomes, const float *state)
{
  for (int i = 0; i < outcomes->count; i++, state += HEAD + outcomes->steps + outcomes->pixels) {
    cvz_outcome *o = &outcomes->places[i];
    outcome_head head;
    memcpy(&head, state, sizeof head);
    o->status = (cvz_unit_status)head.status;
    o->repeat = head.repeat, o->attempt = head.attempt, o->score = head.score;
    memcpy(o->loss, state + HEAD, outcomes->steps * sizeof *state);
    memcpy(o->image, state + HEAD + outcomes->steps, outcomes->pixels * sizeof *state);
  }
  return state;
}
