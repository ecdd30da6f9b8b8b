#include "job/simulate.h"

static double unit_time(const cvz_work *work, const double *seconds, int unit)
{
  const int layer = cvz_work_layer_of(work, unit);
  return seconds ? seconds[layer] : work->layers[layer].flops;
}

cvz_simulation cvz_simulate(const cvz_schedule *schedule, const cvz_work *work, const double *seconds)
{
  cvz_simulation s = {.fewest = work->unit_count};
  for (int rank = 0; rank < schedule->ranks; rank++) {
    int count;
    double busy = 0;
    const int *units = cvz_schedule_units(schedule, rank, &count);
    for (int i = 0; i < count; i++) busy += unit_time(work, seconds, units[i]);
    s.total += busy;
    if (busy > s.makespan) s.makespan = busy;
    if (count < s.fewest) s.fewest = count;
    if (count > s.most) s.most = count;
  }
  s.balance = s.makespan > 0 ? s.total / schedule->ranks / s.makespan : 1;
  return s;
}
