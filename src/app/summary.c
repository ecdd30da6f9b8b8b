#include "app/summary.h"

static void include(cvz_spread *spread, double seconds, int ranks, int index)
{
  if (!index || seconds < spread->least) spread->least = seconds;
  if (!index || seconds > spread->most) spread->most = seconds;
  spread->mean += seconds / ranks;
}

cvz_summary_of_ranks cvz_summary_make(const cvz_rank_times *times, int ranks, int units, double flops)
{
  cvz_summary_of_ranks s = {.ranks = ranks, .units = units, .flops = flops};
  cvz_spread busy = {0};
  for (int i = 0; i < ranks; i++) {
    include(&s.computing, times[i].computing, ranks, i);
    include(&s.waiting, times[i].waiting, ranks, i);
    include(&s.writing, times[i].writing, ranks, i);
    include(&busy, times[i].computing + times[i].writing, ranks, i);
    if (times[i].total > s.seconds) s.seconds = times[i].total;
  }
  s.balance = busy.most > 0 ? busy.mean / busy.most : 1;
  return s;
}

static double rate(double count, double seconds)
{
  return seconds > 0 ? count / seconds : 0;
}

void cvz_summary_tell(const cvz_log *log, const cvz_summary_of_ranks *s)
{
  const char *const filters = s->units == 1 ? "" : "s", *const ranks = s->ranks == 1 ? "" : "s";
  cvz_tell(log, "%d filter%s in %.1f s: %.2f/s, %.1f GFLOP/s by direct counting, balance of %d rank%s %.1f %%",
           s->units, filters, s->seconds, rate(s->units, s->seconds), 1e-9 * rate(s->flops, s->seconds), s->ranks,
           ranks, 100 * s->balance);
  cvz_tell(log,
           "seconds of a rank: computing %.1f (%.1f to %.1f), waiting %.1f (%.1f to %.1f), writing %.1f (%.1f to %.1f)",
           s->computing.mean, s->computing.least, s->computing.most, s->waiting.mean, s->waiting.least, s->waiting.most,
           s->writing.mean, s->writing.least, s->writing.most);
}
