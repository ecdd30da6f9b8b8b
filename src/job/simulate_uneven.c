#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "job/share.h"
#include "job/simulate.h"

#define STEPS      30  /* of a unit, for the speeds that ranks know */
#define REST_LEAST 0.1 /* seconds between two rounds of questions that found nothing, as in parallel/takeover */
#define REST_MOST  1.0

/* A rank at the moment when something happens to it next. */
typedef struct player {
  cvz_share share;
  double time; /* of that moment */
  double speed, began, ended, rest;
  int unit; /* that ends then, -1: none */
  int units;
  uint64_t round;
} player;

typedef struct game {
  const cvz_work *work;
  const double *seconds;
  player *players;
  int ranks, left; /* units that have not ended */
  int *gift;
  bool dynamic;
} game;

static void begin(game *g, player *p)
{
  p->unit = cvz_share_begin(&p->share);
  p->began = p->time;
  p->time += g->seconds[cvz_work_layer_of(g->work, p->unit)] / p->speed;
}

static void end_unit(game *g, player *p)
{
  for (int left = STEPS - 1; left >= 0; left--) cvz_share_step(&p->share, p->unit, left, (p->time - p->began) / STEPS);
  p->ended = p->time;
  p->rest = REST_LEAST;
  p->unit = -1;
  p->units++;
  g->left--;
}

/* What is left of the unit that a rank is at, as it knows at its last step before `time`. */
static void look_at(player *p, double time)
{
  if (p->unit < 0) return;
  const double whole = p->time - p->began;
  const int done = (int)(STEPS * (time - p->began) / whole);
  if (done > 0) cvz_share_step(&p->share, p->unit, STEPS - done, whole / STEPS);
}

/* Asks some for how long they will take, and takes over units of the one that takes longest. */
static void look_for_units(game *g, int rank)
{
  player *p = &g->players[rank], *best = NULL;
  const int others = g->ranks - 1, asked = others < CVZ_SHARE_ASKED ? others : CVZ_SHARE_ASKED;
  double longest = 0;
  p->round++;
  for (int i = 0; i < asked; i++) {
    player *other = &g->players[cvz_share_whom(rank, g->ranks, p->round, i)];
    look_at(other, p->time);
    const double left = cvz_share_left(&other->share);
    if (left <= longest) continue;
    longest = left;
    best = other;
  }
  if (best) cvz_share_add(&p->share, g->gift, cvz_share_give(&best->share, cvz_share_speed(&p->share), g->gift));
}

static void play(game *g, int rank)
{
  player *p = &g->players[rank];
  if (p->unit >= 0) end_unit(g, p);
  if (!cvz_share_count(&p->share) && g->dynamic) look_for_units(g, rank);
  if (cvz_share_count(&p->share)) {
    begin(g, p);
    return;
  }
  p->time = g->dynamic ? p->time + p->rest : HUGE_VAL;
  p->rest = 2 * p->rest < REST_MOST ? 2 * p->rest : REST_MOST;
}

static int next_rank(const game *g)
{
  int next = 0;
  for (int r = 1; r < g->ranks; r++)
    if (g->players[r].time < g->players[next].time) next = r;
  return next;
}

static cvz_status set_up(game *g, const cvz_schedule *schedule, const double *speeds, cvz_error *error)
{
  g->players = cvz_array((size_t)g->ranks, sizeof *g->players, error);
  g->gift = cvz_array((size_t)g->work->unit_count, sizeof *g->gift, error);
  if (!g->players || !g->gift) return CVZ_E_MEMORY;
  for (int r = 0; r < g->ranks; r++) {
    int count;
    const int *units = cvz_schedule_units(schedule, r, &count);
    g->players[r] = (player){.speed = speeds[r], .unit = -1, .rest = REST_LEAST};
    g->left += count;
    CVZ_TRY(cvz_share_create(&g->players[r].share, g->work, STEPS, units, count, error));
  }
  return CVZ_OK;
}

static cvz_simulation sum_up(const game *g)
{
  cvz_simulation s = {.fewest = g->work->unit_count};
  double speed = 0;
  for (int r = 0; r < g->ranks; r++) {
    const player *p = &g->players[r];
    speed += p->speed;
    if (p->ended > s.makespan) s.makespan = p->ended;
    if (p->units < s.fewest) s.fewest = p->units;
    if (p->units > s.most) s.most = p->units;
  }
  for (int i = 0; i < g->work->layer_count; i++) s.total += g->seconds[i] * g->work->layers[i].filter_count;
  s.balance = s.makespan > 0 ? s.total / speed / s.makespan : 1;
  return s;
}

cvz_status cvz_simulate_uneven(cvz_simulation *simulation, const cvz_schedule *schedule, const cvz_work *work,
                               const double *seconds, const double *speeds, bool dynamic, cvz_error *error)
{
  game g = {.work = work, .seconds = seconds, .ranks = schedule->ranks, .dynamic = dynamic};
  const cvz_status status = set_up(&g, schedule, speeds, error);
  while (status == CVZ_OK && g.left) play(&g, next_rank(&g));
  if (status == CVZ_OK) *simulation = sum_up(&g);
  for (int r = 0; g.players && r < g.ranks; r++) cvz_share_free(&g.players[r].share);
  free(g.players);
  free(g.gift);
  return status;
}
