#include "app/arguments.h"

#include <stdio.h>
#include <string.h>

#include "job/file.h"
#include "job/recipe.h"

static const cvz_option_source command_line = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};

static cvz_status take_job(cvz_options *options, const char *path, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "", NULL};
  CVZ_REQUIRE(path[0] != '-', error, CVZ_E_USAGE, "%.200s: unknown option, see --help", path);
  CVZ_REQUIRE(!options->job, error, CVZ_E_USAGE, "'%.200s' beside '%.200s', expected at most one job file", path,
              options->job);
  return cvz_options_set(options, CVZ_OPTION_job, path, &source, error);
}

static cvz_status find(cvz_option_id *id, const char *text, cvz_error *error)
{
  char name[64];
  const size_t length = strcspn(text, "=");
  CVZ_REQUIRE(length < sizeof name, error, CVZ_E_USAGE, "--%.200s: unknown option, see --help", text);
  snprintf(name, sizeof name, "%.*s", (int)length, text);
  return cvz_options_find(id, name, CVZ_OPTION_IN_ARGUMENTS, "--", error);
}

/* The words behind such an option and its first value are further values. */
static const struct {
  const char *word;
  cvz_option_id id;
} takes_more[] = {{"--merge", CVZ_OPTION_merge}, {"--combine", CVZ_OPTION_combine}, {"--diff", CVZ_OPTION_diff}};

/* The option of which `text` is one more value, CVZ_OPTION_COUNT if of none. */
static cvz_option_id more_of(const char *before, const char *text)
{
  for (size_t i = 0; before && text[0] != '-' && i < sizeof takes_more / sizeof *takes_more; i++)
    if (!strncmp(before, takes_more[i].word, strlen(takes_more[i].word))) return takes_more[i].id;
  return CVZ_OPTION_COUNT;
}

/* "--name=value", "--name value" or a flag "--name"; `next` is what follows, NULL at the end. */
static cvz_status take_option(cvz_options *options, const char *text, const char *next, int *used, cvz_error *error)
{
  cvz_option_id id = CVZ_OPTION_COUNT;
  CVZ_TRY(find(&id, text, error));
  const char *equals = strchr(text, '=');
  const bool flag = cvz_options_table()[id].kind == CVZ_OPTION_FLAG;
  const bool missing = !equals && !flag && (!next || !strncmp(next, "--", 2));
  *used = equals || flag ? 1 : 2;
  return cvz_options_set(options, id, equals ? equals + 1 : flag ? "true" : missing ? "" : next, &command_line, error);
}

static cvz_status parse(cvz_options *options, int argc, char *const *argv, cvz_error *error)
{
  int used = 1;
  const char *before = NULL; /* the option that was taken last */
  for (int i = 1; i < argc; i += used) {
    used = 1;
    if (!strncmp(argv[i], "--", 2)) before = argv[i];
    const cvz_option_id more = more_of(before, argv[i]);
    if (more != CVZ_OPTION_COUNT)
      CVZ_TRY(cvz_options_set(options, more, argv[i], &command_line, error));
    else if (strncmp(argv[i], "--", 2))
      CVZ_TRY(take_job(options, argv[i], error));
    else
      CVZ_TRY(take_option(options, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, &used, error));
  }
  return CVZ_OK;
}

cvz_status cvz_arguments_read(cvz_options *options, int argc, char *const *argv, cvz_error *error)
{
  CVZ_TRY(cvz_options_init(options, error));
  CVZ_TRY(parse(options, argc, argv, error));
  if (options->help || options->version) return CVZ_OK;
  if (cvz_options_read_results(options) && !options->job) return cvz_options_check(options, error);
  if (options->job) CVZ_TRY(cvz_job_file_read(options, options->job, error));
  CVZ_TRY(cvz_recipe_apply(options, error));
  return cvz_options_check(options, error);
}
