/* bench/measure.h: time, and rows of times. */
#ifndef CVZ_BENCH_MEASURE_H
#define CVZ_BENCH_MEASURE_H

#include <stddef.h>

#include "base/status.h"

/** Seconds from some moment on. */
double cvz_bench_clock(void);

/** Seconds that this process has had a core: less than those of the clock where others take it away. */
double cvz_bench_cpu_clock(void);

/** The shortest time in seconds that one `call(data)` takes, over about `seconds` of calls. */
double cvz_bench_shortest(void (*call)(void *data), void *data, double seconds);

/** Times of one thing. Zero-initialise; free(times). */
typedef struct cvz_bench_times {
  double *times;
  size_t count, capacity;
} cvz_bench_times;

cvz_status cvz_bench_times_add(cvz_bench_times *times, double seconds, cvz_error *error);

/** Sorts the times; at least one must be there. */
void cvz_bench_times_summarise(cvz_bench_times *times, double *least, double *median);

#endif
