#include "app/merge.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "job/stop.h"
#include "site/pages.h"
#include "store/journal.h"
#include "store/lock.h"
#include "store/merge.h"

/* The directories of "a,b,c". */
typedef struct list {
  char *text; /* with ends for commas */
  const char **names;
  int count;
} list;

static cvz_status split(list *l, const char *text, cvz_error *error)
{
  *l = (list){.text = cvz_copy_text(text, error)};
  l->names = cvz_array(strlen(text) + 1, sizeof *l->names, error);
  if (!l->text || !l->names) return CVZ_E_MEMORY;
  char *rest = NULL;
  for (char *name = strtok_r(l->text, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) l->names[l->count++] = name;
  return CVZ_OK;
}

static void list_free(list *l)
{
  free(l->names);
  free(l->text);
}

/* --overwrite must not remove what is to be joined. */
static cvz_status check_apart(const list *l, const char *out, cvz_error *error)
{
  char target[PATH_MAX], source[PATH_MAX];
  if (!realpath(out, target)) return CVZ_OK;
  for (int i = 0; i < l->count; i++)
    CVZ_REQUIRE(!realpath(l->names[i], source) || strcmp(source, target), error, CVZ_E_USAGE,
                "merge: '%s' is --out as well, expected another directory", l->names[i]);
  return CVZ_OK;
}

static cvz_status join_layers(cvz_merge *merge, const char *out, cvz_error *error)
{
  const int count = cvz_merge_layers(merge);
  for (int i = 0; i < count; i++) {
    CVZ_REQUIRE(!cvz_stop_wanted(), error, CVZ_E_STOPPED, "merge: stopped (%s) after %d of %d layers",
                cvz_stop_reason(), i, count);
    CVZ_TRY(cvz_merge_layer(merge, i, out, error));
  }
  return CVZ_OK;
}

static cvz_status write_all(cvz_merge *merge, const cvz_options *options, cvz_error *error)
{
  const char *out = options->out;
  CVZ_TRY(cvz_output_prepare(out, options->overwrite ? CVZ_OUTPUT_OVERWRITE : CVZ_OUTPUT_NEW, error));
  CVZ_TRY(join_layers(merge, out, error));
  cvz_manifest manifest = {0};
  CVZ_TRY(cvz_merge_manifest(merge, &manifest, error));
  CVZ_TRY(cvz_pages_finish(out, &manifest, error));
  return cvz_journal_remove(out, error);
}

static cvz_status write_locked(cvz_merge *merge, const cvz_options *options, cvz_error *error)
{
  cvz_lock *lock;
  CVZ_TRY(cvz_file_make_directory(options->out, error));
  CVZ_TRY(cvz_lock_take(&lock, options->out, 0, error));
  const cvz_status status = write_all(merge, options, error);
  cvz_lock_release(lock);
  return status;
}

cvz_status cvz_merge_shards(const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  list parts;
  cvz_merge *merge = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(split(&parts, options->merge, error), done);
  CVZ_TRY_GOTO(check_apart(&parts, options->out, error), done);
  CVZ_TRY_GOTO(cvz_merge_open(&merge, parts.names, parts.count, error), done);
  CVZ_TRY_GOTO(write_locked(merge, options, error), done);
  cvz_tell(log, "%d parts joined\n%s/index.html", parts.count, options->out);
done:
  cvz_merge_close(merge);
  list_free(&parts);
  return status;
}
