/* convviz/status.h: how every function says what went wrong. */
#ifndef CONVVIZ_STATUS_H
#define CONVVIZ_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of thing went wrong. */
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

#ifdef __cplusplus
}
#endif

#endif
