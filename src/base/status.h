/* base/status.h: filling in what went wrong, and carrying it up. */
#ifndef CVZ_BASE_STATUS_H
#define CVZ_BASE_STATUS_H

#include "convviz/status.h"

/** Fills in `error` (may be NULL) and returns `status`. Line breaks and control characters in the text become '?'. */
cvz_status cvz_fail(cvz_error *error, cvz_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** For what a user or a file can get wrong; assert() is for our own bugs. */
#define CVZ_REQUIRE(condition, error, status, ...)                                                                     \
  do {                                                                                                                 \
    if (!(condition)) return cvz_fail(error, status, __VA_ARGS__);                                                     \
  } while (0)

/** Returns at once what failed. */
#define CVZ_TRY(call)                                                                                                  \
  do {                                                                                                                 \
    const cvz_status try_status_ = (call);                                                                             \
    if (try_status_ != CVZ_OK) return try_status_;                                                                     \
  } while (0)

/** Stores the status of a call in the local variable `status` and goes to `label` if it failed. */
#define CVZ_TRY_GOTO(call, label)                                                                                      \
  do {                                                                                                                 \
    status = (call);                                                                                                   \
    if (status != CVZ_OK) goto label;                                                                                  \
  } while (0)

/** The same as CVZ_REQUIRE for a function with clean-up at `label`. */
#define CVZ_REQUIRE_GOTO(condition, label, error, code, ...)                                                           \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      status = cvz_fail(error, code, __VA_ARGS__);                                                                     \
      goto label;                                                                                                      \
    }                                                                                                                  \
  } while (0)

#endif
