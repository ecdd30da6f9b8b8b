/* base/clock.h: time. */
#ifndef CVZ_BASE_CLOCK_H
#define CVZ_BASE_CLOCK_H

/** Seconds from some moment on; never goes back. */
double cvz_clock(void);

/** Seconds that this thread has had a processor: less than those of the clock where others take it away. */
double cvz_clock_cpu(void);

/** Seconds since 1970, UTC. */
double cvz_clock_date(void);

/** Sleeps; less if a signal comes. */
void cvz_clock_sleep(double seconds);

#endif
