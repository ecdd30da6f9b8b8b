#include "base/clock.h"

#include <time.h>

static double read_clock(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double cvz_clock(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

double cvz_clock_cpu(void)
{
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

double cvz_clock_date(void)
{
  return read_clock(CLOCK_REALTIME);
}

void cvz_clock_sleep(double seconds)
{
  const struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&time, NULL);
}
