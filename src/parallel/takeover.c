#include "parallel/takeover.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define PATIENCE  0.1 /* seconds for those that were asked to answer */
#define REST_MOST 1.0 /* between two rounds that found nothing; the first is PATIENCE, and it doubles */

/* A message; behind a GIVE's stand its units. */
typedef struct note {
  int32_t from, count;
  double value; /* LOAD: seconds, WANT: speed */
} note;

/* Who waits for an answer to what. */
typedef struct question {
  cvz_mail_kind kind;
  int from;
  double speed;
} question;

struct cvz_takeover {
  cvz_comm *comm;
  cvz_mail *mail;
  cvz_share *share;
  question *questions; /* at most one of each rank */
  int question_count;
  bool *pending; /* per rank: it has not answered yet */
  int pending_count;
  char *gift;     /* room for a note and all units */
  int best;       /* rank of the longest load that is known */
  double longest; /* seconds; 0: none */
  double decide_at, round_at, rest;
  uint64_t round;
  int units;
};

cvz_status cvz_takeover_create(cvz_takeover **takeover, cvz_comm *comm, cvz_mail *mail, cvz_share *share,
                               cvz_error *error)
{
  const size_t ranks = (size_t)cvz_comm_size(comm), units = (size_t)share->work->unit_count;
  cvz_takeover *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_takeover){.comm = comm, .mail = mail, .share = share, .rest = PATIENCE};
  created->questions = cvz_array(ranks, sizeof *created->questions, error);
  created->pending = cvz_array(ranks, sizeof *created->pending, error);
  created->gift = cvz_array(units * sizeof(int) + sizeof(note), 1, error);
  if (!created->questions || !created->pending || !created->gift) {
    cvz_takeover_free(created);
    return CVZ_E_MEMORY;
  }
  *takeover = created;
  return CVZ_OK;
}

void cvz_takeover_free(cvz_takeover *takeover)
{
  if (!takeover) return;
  free(takeover->questions);
  free(takeover->pending);
  free(takeover->gift);
  free(takeover);
}

int cvz_takeover_units(const cvz_takeover *takeover)
{
  return takeover->units;
}

bool cvz_takeover_is_kind(cvz_mail_kind kind)
{
  return kind == CVZ_MAIL_ASK || kind == CVZ_MAIL_LOAD || kind == CVZ_MAIL_WANT || kind == CVZ_MAIL_GIVE;
}

/* An answer has come. */
static void settle(cvz_takeover *t, int rank)
{
  t->pending_count -= t->pending[rank];
  t->pending[rank] = false;
}

static void take_load(cvz_takeover *t, const note *told)
{
  settle(t, told->from);
  if (told->value <= t->longest) return;
  t->longest = told->value;
  t->best = told->from;
}

static void take_units(cvz_takeover *t, const note *told, const int *units)
{
  settle(t, told->from);
  if (!told->count) return; /* others were first, or this rank is too slow to help: the next round is due in a while */
  cvz_share_add(t->share, units, told->count);
  t->units += told->count;
  t->round_at = 0;
  t->rest = PATIENCE;
}

void cvz_takeover_take(cvz_takeover *t, cvz_mail_kind kind, const void *data, size_t bytes)
{
  const note told = *(const note *)data;
  assert(bytes == sizeof told + (size_t)told.count * sizeof(int));
  (void)bytes;
  if (kind == CVZ_MAIL_LOAD)
    take_load(t, &told);
  else if (kind == CVZ_MAIL_GIVE)
    take_units(t, &told, (const int *)((const note *)data + 1));
  else
    t->questions[t->question_count++] = (question){kind, told.from, told.value};
}

static cvz_status send(cvz_takeover *t, int rank, cvz_mail_kind kind, double value, cvz_error *error)
{
  const note told = {cvz_comm_rank(t->comm), 0, value};
  return cvz_mail_send(t->mail, rank, kind, &told, sizeof told, error);
}

static cvz_status give(cvz_takeover *t, const question *q, cvz_error *error)
{
  note *told = (note *)(void *)t->gift;
  *told = (note){cvz_comm_rank(t->comm), 0, 0};
  told->count = cvz_share_give(t->share, q->speed, (int *)(told + 1));
  return cvz_mail_send(t->mail, q->from, CVZ_MAIL_GIVE, told, sizeof *told + (size_t)told->count * sizeof(int), error);
}

/* To send may mean to take what comes, which may add questions. */
static cvz_status answer(cvz_takeover *t, cvz_error *error)
{
  while (t->question_count) {
    const question q = t->questions[--t->question_count];
    CVZ_TRY(q.kind == CVZ_MAIL_WANT ? give(t, &q, error)
                                    : send(t, q.from, CVZ_MAIL_LOAD, cvz_share_left(t->share), error));
  }
  return CVZ_OK;
}

static cvz_status put(cvz_takeover *t, int rank, cvz_mail_kind kind, double value, cvz_error *error)
{
  t->pending[rank] = true;
  t->pending_count++;
  return send(t, rank, kind, value, error);
}

static cvz_status ask(cvz_takeover *t, double now, cvz_error *error)
{
  const int self = cvz_comm_rank(t->comm), ranks = cvz_comm_size(t->comm);
  const int count = ranks - 1 < CVZ_SHARE_ASKED ? ranks - 1 : CVZ_SHARE_ASKED;
  t->decide_at = now + PATIENCE;
  t->round_at = now + t->rest;
  t->rest = 2 * t->rest < REST_MOST ? 2 * t->rest : REST_MOST;
  t->round++;
  for (int i = 0; i < count; i++) {
    const int rank = cvz_share_whom(self, ranks, t->round, i);
    if (!t->pending[rank]) CVZ_TRY(put(t, rank, CVZ_MAIL_ASK, 0, error));
  }
  return CVZ_OK;
}

/* One question at a time to each. */
static cvz_status want(cvz_takeover *t, double now, cvz_error *error)
{
  if (t->pending[t->best]) return CVZ_OK;
  t->longest = 0;
  if (t->round_at < now + PATIENCE) t->round_at = now + PATIENCE;
  return put(t, t->best, CVZ_MAIL_WANT, cvz_share_speed(t->share), error);
}

cvz_status cvz_takeover_tend(cvz_takeover *t, cvz_error *error)
{
  CVZ_TRY(answer(t, error));
  if (cvz_share_count(t->share)) return CVZ_OK;
  const double now = cvz_clock();
  if (t->longest > 0 && (!t->pending_count || now >= t->decide_at)) return want(t, now, error);
  return now >= t->round_at ? ask(t, now, error) : CVZ_OK;
}
