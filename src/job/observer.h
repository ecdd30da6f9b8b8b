/* job/observer.h: who watches a run. The run loop calls; app/ shows it on the terminal. */
#ifndef CVZ_JOB_OBSERVER_H
#define CVZ_JOB_OBSERVER_H

/** How one unit went. */
typedef struct cvz_unit_report {
  int unit, rank;
  int status;             /**< cvz_unit_status */
  int steps;              /**< that it took */
  float first_loss, loss; /**< before the first and before the last update; NaN if there is none */
  double seconds;         /**< from its start to its picture, those of earlier runs included */
} cvz_unit_report;

/** Callbacks of rank 0, any of them NULL. Costs are FLOPs. */
typedef struct cvz_observer {
  void *context;
  /** Units of all ranks that are finished and known here. */
  void (*unit_done)(void *context, int units_done, int units_total, double cost_done, double cost_total);
  /** Called before unit_done for each unit that is rendered. */
  void (*unit_ended)(void *context, const cvz_unit_report *report);
  void (*layer_written)(void *context, const char *name, const char *path);
  /** Called now and then between steps, so that time passes on the screen. */
  void (*tick)(void *context);
} cvz_observer;

/** Where the time of one rank went, in seconds. */
typedef struct cvz_rank_times {
  int units;    /**< rendered here */
  int taken;    /**< taken over from other ranks */
  double total; /**< from the first unit to the end of all ranks' */
  double computing;
  double waiting; /**< for other ranks, with nothing left to render */
  double writing; /**< all else: files, journal and messages */
} cvz_rank_times;

#endif
