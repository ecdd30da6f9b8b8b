/* base/log.h: what is told while the program works. Errors do not go here: they travel in cvz_error. */
#ifndef CVZ_BASE_LOG_H
#define CVZ_BASE_LOG_H

#include <stdio.h>

typedef enum cvz_level { CVZ_QUIET, CVZ_NORMAL, CVZ_VERBOSE } cvz_level;

/** Where one process tells. `stream` NULL tells nothing: so on every rank but 0. */
typedef struct cvz_log {
  FILE *stream;
  cvz_level level;
} cvz_log;

/** A line `warning: ...`, told at every level. `log` may be NULL. */
void cvz_warn(const cvz_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A line told at CVZ_NORMAL and above. */
void cvz_tell(const cvz_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A line told at CVZ_VERBOSE only. */
void cvz_detail(const cvz_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
