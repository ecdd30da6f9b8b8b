/* base/status.h: how every function says what went wrong. */
#ifndef CVZ_BASE_STATUS_H
#define CVZ_BASE_STATUS_H

/** What kind of thing went wrong; app/ maps it to an exit code. */
typedef enum cvz_status {
  CVZ_OK = 0,
  CVZ_E_USAGE,       /**< contradictory or unknown options, a directory in use: the user's call is off */
  CVZ_E_RANGE,       /**< a number is outside of what is possible */
  CVZ_E_FORMAT,      /**< a file is not what it should be */
  CVZ_E_UNSUPPORTED, /**< a layer, option or container that this program does not know */
  CVZ_E_IO,          /**< the system refused to read or write */
  CVZ_E_MEMORY,      /**< no memory */
  CVZ_E_STOPPED      /**< asked to stop; all that is finished is kept */
} cvz_status;

#define CVZ_ERROR_LENGTH 1024

/** Owned by the caller, filled in where the error happens, carried up unchanged and printed once.
 *  `text` is one line: what, the bad value, what was expected. Plain data: it can be sent to other ranks. */
typedef struct cvz_error {
  cvz_status status;
  char text[CVZ_ERROR_LENGTH];
} cvz_error;

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
