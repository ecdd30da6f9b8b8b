/* job/observer.h: who watches a run. The run loop calls; app/ shows it on the terminal. */
#ifndef CVZ_JOB_OBSERVER_H
#define CVZ_JOB_OBSERVER_H

/** Callbacks of rank 0, any of them NULL. Costs are FLOPs. */
typedef struct cvz_observer {
  void *context;
  /** Units of all ranks that are finished and known here. */
  void (*unit_done)(void *context, int units_done, int units_total, double cost_done, double cost_total);
  void (*layer_written)(void *context, const char *name, const char *path);
  /** Called now and then between steps, so that time passes on the screen. */
  void (*tick)(void *context);
} cvz_observer;

#endif
