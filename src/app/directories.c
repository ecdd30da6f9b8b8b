#include "app/directories.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/journal.h"
#include "store/lock.h"
#include "store/output.h"

cvz_status cvz_directories_split(cvz_directories *list, const char *text, cvz_error *error)
{
  *list = (cvz_directories){.text = cvz_copy_text(text, error)};
  list->names = cvz_array(strlen(text) + 1, sizeof *list->names, error);
  if (!list->text || !list->names) return CVZ_E_MEMORY;
  char *rest = NULL;
  for (char *name = strtok_r(list->text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
    list->names[list->count++] = name;
  return CVZ_OK;
}

void cvz_directories_free(cvz_directories *list)
{
  free(list->names);
  free(list->text);
}

cvz_status cvz_directories_apart(const cvz_directories *list, const char *what, const char *out, cvz_error *error)
{
  char target[PATH_MAX], source[PATH_MAX];
  if (!realpath(out, target)) return CVZ_OK;
  for (int i = 0; i < list->count; i++)
    CVZ_REQUIRE(!realpath(list->names[i], source) || strcmp(source, target), error, CVZ_E_USAGE,
                "%s: '%s' is --out as well, expected another directory", what, list->names[i]);
  return CVZ_OK;
}

cvz_status cvz_directories_write(const cvz_options *options,
                                 cvz_status (*write)(void *context, const char *out, cvz_error *error), void *context,
                                 cvz_error *error)
{
  const char *out = options->out;
  cvz_lock *lock;
  CVZ_TRY(cvz_file_make_directory(out, error));
  CVZ_TRY(cvz_lock_take(&lock, out, 0, error));
  cvz_status status = cvz_output_prepare(out, options->overwrite ? CVZ_OUTPUT_OVERWRITE : CVZ_OUTPUT_NEW, error);
  if (status == CVZ_OK) status = write(context, out, error);
  if (status == CVZ_OK) status = cvz_journal_remove(out, error);
  cvz_lock_release(lock);
  return status;
}
