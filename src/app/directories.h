/* app/directories.h: several results that become one. */
#ifndef CVZ_APP_DIRECTORIES_H
#define CVZ_APP_DIRECTORIES_H

#include "base/status.h"
#include "job/options.h"

/** The directories of "a,b,c". */
typedef struct cvz_directories {
  char *text; /* with ends for commas */
  const char **names;
  int count;
} cvz_directories;

/** To be freed also after a failure. */
cvz_status cvz_directories_split(cvz_directories *list, const char *text, cvz_error *error);

void cvz_directories_free(cvz_directories *list);

/** --overwrite must not remove what is read: refuses `out` among them.
 *  @param what  the option's name, for the message */
cvz_status cvz_directories_apart(const cvz_directories *list, const char *what, const char *out, cvz_error *error);

/** Writes into --out, as the only one who does, what `write` has to write there. */
cvz_status cvz_directories_write(const cvz_options *options,
                                 cvz_status (*write)(void *context, const char *out, cvz_error *error), void *context,
                                 cvz_error *error);

#endif
