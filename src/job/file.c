#include "job/file.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_LIMIT ((size_t)1 << 20)

/* State of reading one file. inih asks for lines and hands back keys, one at a time: the line read last is the key's.
 */
typedef struct reading {
  cvz_options *options;
  const char *path;
  char *folder;
  const char *at; /* what is left of the text */
  int line;
  int failed_line; /* 0: none */
  cvz_status status;
  cvz_error *error;
} reading;

static void fail_here(reading *r, cvz_status status)
{
  if (r->failed_line) return;
  r->failed_line = r->line;
  r->status = status;
}

/* The reader for inih, as fgets. inih would split a long line silently and take an indented line for the rest of the
 * one before: so long lines end the reading, and indentation is dropped. Comments may be of any length. */
static char *read_line(char *line, int size, void *stream)
{
  reading *r = stream;
  if (!*r->at || r->failed_line) return NULL;
  r->line++;
  const size_t length = strcspn(r->at, "\n"), indent = strspn(r->at, " \t");
  const char *start = indent < length ? r->at + indent : r->at + length;
  size_t count = (size_t)(r->at + length - start);
  r->at += length + (r->at[length] == '\n');
  if (count && strchr(";#", *start)) count = 0;
  if (count > (size_t)size - 3) {
    fail_here(r, cvz_fail(r->error, CVZ_E_USAGE, "%s:%d: a line of %zu bytes, expected at most %d", r->path, r->line,
                          count, size - 3));
    return NULL;
  }
  memcpy(line, start, count);
  line[count] = '\n';
  line[count + 1] = 0;
  return line;
}

static cvz_status take(reading *r, const char *section, const char *name, const char *value)
{
  cvz_option_id id = CVZ_OPTION_COUNT;
  cvz_text prefix = {0};
  cvz_text_add(&prefix, "%s:%d: ", r->path, r->line);
  cvz_status status = cvz_text_check(&prefix, r->error);
  if (status == CVZ_OK && section[0] && strcmp(section, "job"))
    status = cvz_fail(r->error, CVZ_E_USAGE, "%ssection [%s], expected [job] or none", prefix.data, section);
  if (status == CVZ_OK) status = cvz_options_find(&id, name, CVZ_OPTION_IN_FILE, prefix.data, r->error);
  if (status == CVZ_OK) {
    const cvz_option_source source = {CVZ_ORIGIN_FILE, prefix.data, r->folder};
    status = cvz_options_set(r->options, id, value, &source, r->error);
  }
  cvz_text_free(&prefix);
  return status;
}

/* The handler for inih: nonzero to go on. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
  reading *r = user;
  if (r->failed_line) return 0;
  const cvz_status status = take(r, section, name, value);
  if (status != CVZ_OK) fail_here(r, status);
  return status == CVZ_OK;
}

static cvz_status parse(reading *r)
{
  const int bad = ini_parse_stream(read_line, r, take_key, r);
  const bool syntax = bad > 0 && (!r->failed_line || bad < r->failed_line);
  CVZ_REQUIRE(bad != -2, r->error, CVZ_E_MEMORY, "%s: no memory to read it", r->path);
  CVZ_REQUIRE(!syntax, r->error, CVZ_E_USAGE, "%s:%d: expected key = value", r->path, bad);
  return r->failed_line ? r->status : CVZ_OK;
}

/* Folder of a path, NULL if it has none. */
static cvz_status folder_of(char **folder, const char *path, cvz_error *error)
{
  const char *slash = strrchr(path, '/');
  *folder = NULL;
  if (!slash) return CVZ_OK;
  *folder = strndup(path, (size_t)(slash - path));
  CVZ_REQUIRE(*folder, error, CVZ_E_MEMORY, "memory: no room for the path '%.200s'", path);
  return CVZ_OK;
}

cvz_status cvz_job_file_read(cvz_options *options, const char *path, cvz_error *error)
{
  cvz_text text = {0};
  char *folder = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(cvz_file_read(path, FILE_LIMIT, &text, error), done);
  if (!text.data) goto done;
  CVZ_REQUIRE_GOTO(strlen(text.data) == text.length, done, error, CVZ_E_FORMAT,
                   "%s: a binary file, expected a job file with lines key = value", path);
  CVZ_TRY_GOTO(folder_of(&folder, path, error), done);
  reading r = {.options = options, .path = path, .folder = folder, .at = text.data, .error = error};
  status = parse(&r);
done:
  free(folder);
  cvz_text_free(&text);
  return status;
}
