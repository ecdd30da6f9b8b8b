#include "ascent/climb.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/ensemble.h"
#include "ascent/film.h"
#include "base/memory.h"

struct cvz_climb {
  const cvz_climb_settings *settings;
  cvz_workspace *workspace;
  cvz_run *run, *redirected;
  cvz_ascent_unit unit;
  cvz_ascent ascent;
  int sign, repeat, attempt, steps; /* sign: 0 or, of both, 1 */
  cvz_term terms[2][CVZ_TERMS_MAX]; /* of each sign */
  cvz_objective objectives[2];
  bool ended;
  cvz_ensemble *ensemble; /* NULL: no unit needs it */
  bool together;          /* this one does */
  cvz_noise noise;
  float *loss, *image;   /* of the ascent; image: what is kept of it while others are shown */
  float *colours;        /* (H, W, C) of what the network reads: scratch */
  cvz_outcomes outcomes; /* of each sign one, or one of each repeat */
};

/* The ladder. What redirects is left out where there is no ReLU. */
typedef struct cvz_attempt {
  bool redirects, other_start;
  float brightness; /* factor of the start's parameters */
} cvz_attempt;

static const cvz_attempt attempts[CVZ_ATTEMPTS] = {{false, false, 1}, {true, false, 1}, {true, true, 1},
                                                   {true, true, 1},   {true, true, 4},  {true, true, 8}};

static size_t image_count(const cvz_climb *c)
{
  return cvz_shape_count(c->workspace->image);
}

static int iterations(const cvz_climb *c)
{
  return c->workspace->recipe->iterations;
}

static int signs_of(const cvz_climb_settings *settings)
{
  return settings->both ? 2 : 1;
}

int cvz_climb_ascents(const cvz_climb_settings *settings)
{
  return signs_of(settings) * settings->repeats;
}

/* Outcomes that are kept of each sign. */
static int outcomes_of(const cvz_climb_settings *settings)
{
  return settings->keep ? settings->repeats : 1;
}

static cvz_outcome_sizes sizes_of(const cvz_workspace *w)
{
  return (cvz_outcome_sizes){.loss = (size_t)w->recipe->iterations,
                             .image = cvz_shape_count(w->image),
                             .mass = w->mass ? (size_t)w->image.height * (size_t)w->image.width : 0,
                             .film = w->film ? cvz_film_bytes(w->recipe, w->image) : 0};
}

static cvz_status allocate(cvz_climb *c, cvz_error *error)
{
  const size_t image = image_count(c);
  c->loss = cvz_array((size_t)iterations(c), sizeof(float), error);
  c->image = cvz_array(image, sizeof(float), error);
  c->colours = cvz_array(cvz_shape_count(c->workspace->view), sizeof(float), error);
  if (!c->loss || !c->image || !c->colours) return CVZ_E_MEMORY;
  if (c->settings->grams)
    CVZ_TRY(cvz_ensemble_create(&c->ensemble, c->workspace, c->settings->repeats, c->settings->grams, error));
  const int outcomes = signs_of(c->settings) * outcomes_of(c->settings);
  return cvz_outcomes_create(&c->outcomes, outcomes, sizes_of(c->workspace), error);
}

cvz_status cvz_climb_create(cvz_climb **climb, const cvz_climb_settings *settings, cvz_workspace *workspace,
                            cvz_error *error)
{
  cvz_climb *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_climb){.settings = settings, .workspace = workspace};
  const cvz_status status = allocate(created, error);
  if (status == CVZ_OK)
    *climb = created;
  else
    cvz_climb_free(created);
  return status;
}

void cvz_climb_free(cvz_climb *c)
{
  if (!c) return;
  cvz_outcomes_free(&c->outcomes);
  cvz_ensemble_free(c->ensemble);
  free(c->loss);
  free(c->image);
  free(c->colours);
  free(c);
}

/* Steps of this attempt that are redirected. */
static int redirected_steps(const cvz_climb *c)
{
  if (!c->redirected) return 0;
  if (!attempts[c->attempt].redirects) return c->settings->redirect;
  return c->settings->redirect > CVZ_REDIRECT_STEPS ? c->settings->redirect : CVZ_REDIRECT_STEPS;
}

static cvz_run *run_of(const cvz_climb *c, int step)
{
  return step < redirected_steps(c) ? c->redirected : c->run;
}

/* All repeats of a sign in step with each other: none is tried again. */
static void begin_together(cvz_climb *c)
{
  cvz_ascent_unit unit = c->unit;
  unit.objective = &c->objectives[c->sign];
  cvz_ensemble_begin(c->ensemble, run_of(c, 0), unit);
}

static void begin_attempt(cvz_climb *c)
{
  if (c->together) {
    begin_together(c);
    return;
  }
  const cvz_attempt *attempt = &attempts[c->attempt];
  cvz_ascent_unit unit = c->unit;
  unit.objective = &c->objectives[c->sign];
  unit.repeat = c->repeat + (attempt->other_start ? c->attempt * CVZ_REPEATS_MAX : 0);
  cvz_ascent_begin(&c->ascent, c->workspace, run_of(c, 0), unit, c->loss);
  if (attempt->brightness != 1) cvz_ascent_brighten(&c->ascent, attempt->brightness);
}

static bool is_negative(const cvz_climb *c, int sign)
{
  return c->settings->negative != (sign == 1);
}

static void take_objective(cvz_climb *c, const cvz_objective *objective)
{
  for (int sign = 0; sign < 2; sign++) {
    for (int i = 0; i < objective->count; i++) {
      c->terms[sign][i] = objective->terms[i];
      if (is_negative(c, sign) && c->terms[sign][i].kind != CVZ_TERM_DIVERSITY) c->terms[sign][i].weight *= -1;
    }
    c->objectives[sign] = (cvz_objective){c->terms[sign], objective->count};
  }
}

static cvz_noise noise_of(const cvz_climb *c)
{
  return (cvz_noise){is_negative(c, c->sign) ? -c->noise.mean : c->noise.mean, c->noise.deviation};
}

void cvz_climb_begin(cvz_climb *c, cvz_run *run, cvz_run *redirected, cvz_ascent_unit unit, cvz_noise noise)
{
  c->run = run, c->redirected = redirected, c->unit = unit, c->noise = noise;
  const cvz_objective objective = cvz_ascent_objective(&unit);
  take_objective(c, &objective);
  c->together = c->ensemble && cvz_ensemble_is_wanted(&objective);
  c->sign = c->repeat = c->attempt = c->steps = 0;
  c->ended = false;
  cvz_outcomes_clear(&c->outcomes);
  begin_attempt(c);
}

/* What has come of the ascent that has ended, with c->loss and c->image. */
static cvz_outcome judge(cvz_climb *c)
{
  cvz_outcome outcome = {.status = c->ascent.status,
                         .repeat = c->repeat,
                         .attempt = c->attempt,
                         .score = NAN,
                         .loss = c->loss,
                         .image = c->image,
                         .mass = c->ascent.workspace->mass,
                         .film = c->ascent.workspace->film};
  cvz_ascent_move(&c->ascent, c->run, c->colours);
  if (outcome.status != CVZ_UNIT_NAN) outcome.score = cvz_score_image(&c->ascent);
  memcpy(c->image, cvz_ascent_image(&c->ascent), image_count(c) * sizeof(float));
  if (!isfinite(outcome.score)) outcome.status = CVZ_UNIT_NAN;
  if (outcome.status == CVZ_UNIT_NAN) return outcome;
  if (outcome.status == CVZ_UNIT_OK && !cvz_score_stands_out(outcome.score, noise_of(c)))
    outcome.status = CVZ_UNIT_WEAK;
  if (outcome.status == CVZ_UNIT_OK && c->attempt) outcome.status = CVZ_UNIT_RESCUED;
  return outcome;
}

static void keep(cvz_climb *c, const cvz_outcome *outcome)
{
  cvz_outcomes_keep(&c->outcomes, c->sign * outcomes_of(c->settings) + (c->settings->keep ? c->repeat : 0), outcome);
}

/* Whether an attempt differs from those before it. */
static bool is_new(const cvz_climb *c, int attempt)
{
  const cvz_attempt *a = &attempts[attempt];
  if (a->brightness != 1) return true;
  if (a->other_start) return !c->workspace->recipe->start;
  return c->redirected && c->settings->redirect < CVZ_REDIRECT_STEPS;
}

/* The next attempt that is worth while, or CVZ_ATTEMPTS. Only what had no gradient is tried again; but then, what comes
 * of it must not be weak. */
static int next_attempt(const cvz_climb *c, cvz_unit_status status)
{
  int next = c->attempt + 1;
  const bool poor = status == CVZ_UNIT_DEAD || (status == CVZ_UNIT_WEAK && c->attempt > 0);
  if (!c->settings->rescue || !poor) return CVZ_ATTEMPTS;
  while (next < CVZ_ATTEMPTS && !is_new(c, next)) next++;
  return next;
}

static bool end_sign(cvz_climb *c)
{
  c->sign++, c->repeat = 0;
  c->ended = c->sign == signs_of(c->settings);
  if (!c->ended) begin_attempt(c);
  return !c->ended;
}

/* An ascent has ended: on to another attempt, or another repeat, or the unit has ended. */
static bool go_on(cvz_climb *c)
{
  const cvz_outcome outcome = judge(c);
  keep(c, &outcome);
  c->attempt = next_attempt(c, outcome.status);
  if (c->attempt == CVZ_ATTEMPTS) c->repeat++, c->attempt = 0;
  if (c->repeat == c->settings->repeats) return end_sign(c);
  begin_attempt(c);
  return true;
}

/* Scores are without the diversity. */
static bool step_together(cvz_climb *c)
{
  if (c->steps < INT_MAX - c->settings->repeats) c->steps += c->settings->repeats;
  if (cvz_ensemble_step(c->ensemble, run_of(c, cvz_ensemble_steps(c->ensemble)))) return true;
  for (c->repeat = 0; c->repeat < c->settings->repeats; c->repeat++) {
    c->ascent = *cvz_ensemble_turn(c->ensemble, c->repeat, c->run);
    c->ascent.objective = c->objectives[c->sign];
    memcpy(c->loss, c->ascent.loss, (size_t)iterations(c) * sizeof(float));
    const cvz_outcome outcome = judge(c);
    keep(c, &outcome);
  }
  return end_sign(c);
}

bool cvz_climb_step(cvz_climb *c)
{
  assert(!c->ended);
  if (c->together) return step_together(c);
  cvz_ascent_move(&c->ascent, run_of(c, c->ascent.step), c->colours);
  if (c->steps < INT_MAX) c->steps++;
  return cvz_ascent_step(&c->ascent) || go_on(c);
}

int cvz_climb_steps(const cvz_climb *c)
{
  return c->steps;
}

bool cvz_climb_ended(const cvz_climb *c)
{
  return c->ended;
}

static const cvz_outcome *best_of(const cvz_climb *c, int sign)
{
  const int count = outcomes_of(c->settings);
  assert(c->ended);
  return cvz_outcomes_best(&c->outcomes, sign * count, count);
}

const cvz_outcome *cvz_climb_best(const cvz_climb *c)
{
  return best_of(c, 0);
}

/* Repeats of one sign among the variants. */
static int repeats_kept(const cvz_climb_settings *settings)
{
  return settings->keep ? settings->repeats : 0;
}

int cvz_climb_variants(const cvz_climb_settings *settings)
{
  return settings->both ? 2 * repeats_kept(settings) + 1 : repeats_kept(settings);
}

const cvz_outcome *cvz_climb_variant(const cvz_climb *c, int index)
{
  const int kept = repeats_kept(c->settings);
  assert(c->ended && index < cvz_climb_variants(c->settings));
  if (!c->settings->both) return &c->outcomes.places[index];
  if (index == 0) return best_of(c, 1);
  return &c->outcomes
              .places[index <= kept ? kept + index - 1 : index - 1 - kept]; /* of the second sign behind the first's */
}

void cvz_climb_variant_name(const cvz_climb_settings *settings, int index, char name[CVZ_CLIMB_NAME])
{
  const int kept = repeats_kept(settings), others = settings->both ? kept + 1 : 0;
  const char *other = settings->negative ? "positive" : "negative";
  if (index >= others)
    snprintf(name, CVZ_CLIMB_NAME, "repeat_%d", index - others);
  else if (index == 0)
    snprintf(name, CVZ_CLIMB_NAME, "%s", other);
  else
    snprintf(name, CVZ_CLIMB_NAME, "%s_repeat_%d", other, index - 1);
}

/* The numbers of a state, before the arrays. */
typedef struct cvz_climb_place {
  int32_t sign, repeat, attempt, step, steps;
} cvz_climb_place;

#define PLACE (sizeof(cvz_climb_place) / sizeof(float))

size_t cvz_climb_state_count(const cvz_climb *c)
{
  return PLACE + cvz_outcomes_state_count(&c->outcomes) +
         (c->together ? cvz_ensemble_state_count(c->ensemble) : cvz_ascent_state_count(&c->ascent));
}

void cvz_climb_save(const cvz_climb *c, float *state)
{
  const cvz_climb_place place = {c->sign, c->repeat, c->attempt, c->ascent.step, c->steps};
  memcpy(state, &place, sizeof place);
  state = cvz_outcomes_save(&c->outcomes, state + PLACE);
  if (c->together)
    cvz_ensemble_save(c->ensemble, c->run, state);
  else
    cvz_ascent_save(&c->ascent, state);
}

void cvz_climb_restore(cvz_climb *c, const float *state)
{
  cvz_climb_place place;
  memcpy(&place, state, sizeof place);
  state = cvz_outcomes_restore(&c->outcomes, state + PLACE);
  c->sign = place.sign, c->repeat = place.repeat, c->attempt = place.attempt, c->steps = place.steps;
  begin_attempt(c);
  if (c->together) {
    cvz_ensemble_restore(c->ensemble, c->run, state);
    return;
  }
  cvz_ascent_move(&c->ascent, run_of(c, place.step), c->colours);
  cvz_ascent_restore(&c->ascent, place.step, state);
}
