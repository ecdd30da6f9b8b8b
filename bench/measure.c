#include "bench/measure.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

#define SHORTEST 20e-6 /* seconds below which calls are timed in groups */

static double read_clock(clockid_t clock)
{
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double cvz_bench_clock(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

double cvz_bench_cpu_clock(void)
{
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static double time_calls(void (*call)(void *data), void *data, int calls)
{
  const double start = cvz_bench_clock();
  for (int i = 0; i < calls; i++) call(data);
  return (cvz_bench_clock() - start) / calls;
}

double cvz_bench_shortest(void (*call)(void *data), void *data, double seconds)
{
  const double end = cvz_bench_clock() + seconds;
  double shortest = time_calls(call, data, 1);
  int calls = 1;
  while (cvz_bench_clock() < end) {
    while (calls * shortest < SHORTEST && calls < 1 << 16) calls *= 2;
    const double found = time_calls(call, data, calls);
    if (found < shortest) shortest = found;
  }
  return shortest;
}

cvz_status cvz_bench_times_add(cvz_bench_times *times, double seconds, cvz_error *error)
{
  CVZ_TRY(cvz_grow((void **)&times->times, &times->capacity, times->count, sizeof *times->times, error));
  times->times[times->count++] = seconds;
  return CVZ_OK;
}

static int by_value(const void *a, const void *b)
{
  const double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

void cvz_bench_times_summarise(cvz_bench_times *times, double *least, double *median)
{
  const size_t count = times->count;
  assert(count > 0);
  qsort(times->times, count, sizeof *times->times, by_value);
  *least = times->times[0];
  *median = (times->times[(count - 1) / 2] + times->times[count / 2]) / 2;
}
