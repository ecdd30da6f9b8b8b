#include "job/options.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/expression.h"
#include "job/filters.h"
#include "job/option_value.h"

#define A CVZ_OPTION_IN_ARGUMENTS
#define J CVZ_OPTION_IN_FILE
#define P CVZ_OPTION_CHANGES_PICTURE

static const cvz_option table[CVZ_OPTION_COUNT] = {
#define X(field, name, KIND, fallback, argument, group, flags, low, high, help)                                        \
  {#field, name, CVZ_OPTION_##KIND, offsetof(cvz_options, field), fallback, argument, group, flags, low, high, help},
#include "job/options.def"
#undef X
};

const cvz_option *cvz_options_table(void)
{
  return table;
}

const char *cvz_option_group_title(cvz_option_group group)
{
  static const char *const titles[CVZ_GROUP_COUNT] = {
      [CVZ_GROUP_NONE] = "",
      [CVZ_GROUP_MODEL] = "Model",
      [CVZ_GROUP_WHAT] = "What to render",
      [CVZ_GROUP_HOW] = "How to render",
      [CVZ_GROUP_PARTS] = "Parts of a recipe",
      [CVZ_GROUP_RESULTS] = "Results",
      [CVZ_GROUP_RUN] = "Running",
      [CVZ_GROUP_INFORMATION] = "Information",
  };
  return titles[group];
}

static cvz_status unknown(const char *name, unsigned flags, const char *prefix, cvz_error *error)
{
  const char *names[CVZ_OPTION_COUNT];
  size_t count = 0;
  char closest[256];
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) {
    if (!strcmp(table[i].name, name) && (table[i].flags & A))
      return cvz_fail(error, CVZ_E_USAGE, "%s%s: an option of the command line only", prefix, name);
    if ((table[i].flags & flags) == flags) names[count++] = table[i].name;
  }
  cvz_text_closest(name, names, count, closest, sizeof closest);
  if (closest[0]) return cvz_fail(error, CVZ_E_USAGE, "%s%.200s: unknown option, closest: %s", prefix, name, closest);
  return cvz_fail(error, CVZ_E_USAGE, "%s%.200s: unknown option, see --help", prefix, name);
}

cvz_status cvz_options_find(cvz_option_id *id, const char *name, unsigned flags, const char *prefix, cvz_error *error)
{
  for (int i = 0; i < CVZ_OPTION_COUNT; i++)
    if ((table[i].flags & flags) == flags && !strcmp(table[i].name, name)) return *id = (cvz_option_id)i, CVZ_OK;
  return unknown(name, flags, prefix, error);
}

cvz_status cvz_options_init(cvz_options *options, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_FALLBACK, "", NULL};
  *options = (cvz_options){0};
  for (int i = 0; i < CVZ_OPTION_COUNT; i++)
    if (table[i].fallback) CVZ_TRY(cvz_options_set(options, (cvz_option_id)i, table[i].fallback, &source, error));
  return CVZ_OK;
}

static cvz_option_value get(const cvz_options *options, int id)
{
  cvz_option_value value = {0};
  memcpy(&value, (const char *)options + table[id].offset, cvz_option_value_bytes(table[id].kind));
  return value;
}

static void forget(cvz_option_value *value, int id)
{
  if (cvz_option_value_is_text(table[id].kind)) free(value->text);
  *value = (cvz_option_value){0};
}

static void put(cvz_options *options, int id, const cvz_option_value *value, cvz_origin origin)
{
  cvz_option_value old = get(options, id);
  forget(&old, id);
  memcpy((char *)options + table[id].offset, value, cvz_option_value_bytes(table[id].kind));
  options->origin[id] = origin;
}

static void clear(cvz_options *options, int id)
{
  const cvz_option_value none = {0};
  put(options, id, &none, CVZ_ORIGIN_NONE);
}

void cvz_options_free(cvz_options *options)
{
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) clear(options, i);
}

static bool appends(cvz_option_kind kind)
{
  return kind == CVZ_OPTION_LIST || kind == CVZ_OPTION_OBJECTIVE;
}

/* "a" after "b,c" makes "b,c,a". */
static cvz_status join(cvz_option_value *value, cvz_option_kind kind, const char *before, cvz_error *error)
{
  cvz_text joined = {0};
  cvz_text_add(&joined, "%s%s%s", before, kind == CVZ_OPTION_OBJECTIVE ? "; " : ",", value->text);
  free(value->text);
  value->text = joined.data;
  return cvz_text_check(&joined, error);
}

cvz_status cvz_options_set(cvz_options *options, cvz_option_id id, const char *text, const cvz_option_source *source,
                           cvz_error *error)
{
  const cvz_option *option = &table[id];
  const cvz_origin origin = options->origin[id];
  const bool again = origin == source->origin;
  cvz_option_value value = {0};
  cvz_status status;
  CVZ_REQUIRE(!again || appends(option->kind), error, CVZ_E_USAGE, "%s%s: '%.200s', given twice", source->prefix,
              option->name, text);
  CVZ_TRY(cvz_option_value_parse(&value, option, text, source, error));
  if (again) CVZ_TRY_GOTO(join(&value, option->kind, get(options, id).text, error), failed);
  if (origin <= source->origin)
    put(options, id, &value, source->origin);
  else
    forget(&value, id);
  return CVZ_OK;
failed:
  forget(&value, id);
  return status;
}

/* Two options that exclude each other: drops the one from the weaker origin. */
static cvz_status settle(cvz_options *options, int a, int b, cvz_error *error)
{
  CVZ_REQUIRE(options->origin[a] != options->origin[b], error, CVZ_E_USAGE, "--%s and --%s: expected only one of them",
              table[a].name, table[b].name);
  clear(options, options->origin[a] < options->origin[b] ? a : b);
  return CVZ_OK;
}

/* Then an architecture is enough. */
static bool renders_nothing(const cvz_options *options)
{
  return options->list_layers || options->plan || options->dry_run;
}

bool cvz_options_read_results(const cvz_options *options)
{
  return options->merge || options->combine || options->diff || options->export;
}

static cvz_status check_model(cvz_options *options, cvz_error *error)
{
  if (options->model && options->weights) CVZ_TRY(settle(options, CVZ_OPTION_model, CVZ_OPTION_weights, error));
  if (options->model && options->arch) CVZ_TRY(settle(options, CVZ_OPTION_model, CVZ_OPTION_arch, error));
  CVZ_REQUIRE(options->model || options->weights || options->arch, error, CVZ_E_USAGE,
              "no model, expected --model FILE, or --weights FILE with --arch NAME, or a job file (see --help)");
  CVZ_REQUIRE(options->model || options->arch, error, CVZ_E_USAGE,
              "--weights: '%.200s' without --arch, expected the name of its architecture", options->weights);
  CVZ_REQUIRE(options->model || options->weights || renders_nothing(options), error, CVZ_E_USAGE,
              "--arch: '%.200s' without --weights, expected the file with its weights", options->arch);
  return CVZ_OK;
}

/* Layers are wanted where an objective names none, and only there. */
static cvz_status check_layers(cvz_options *options, cvz_error *error)
{
  cvz_expression expression;
  bool wanted = false;
  cvz_status status = cvz_expression_parse(&expression, options->objective, error);
  for (int i = 0; status == CVZ_OK && i < expression.count; i++) wanted |= cvz_row_wants_layers(&expression.rows[i]);
  cvz_expression_free(&expression);
  CVZ_TRY(status);
  CVZ_REQUIRE(options->layer || !wanted, error, CVZ_E_USAGE,
              "no layer, expected --layer LIST; --list-layers shows their names, --layer conv takes every convolution");
  if (options->layer && !wanted && options->origin[CVZ_OPTION_layer] < options->origin[CVZ_OPTION_objective])
    clear(options, CVZ_OPTION_layer);
  CVZ_REQUIRE(!options->layer || wanted, error, CVZ_E_USAGE,
              "--layer: '%.200s', expected none: the objective '%.200s' names its own", options->layer,
              options->objective);
  return CVZ_OK;
}

/* A recipe's objective that is a whole layer's gives way to filters that are asked for. */
static cvz_status settle_objective(cvz_options *options, cvz_error *error)
{
  const cvz_option_source source = {options->origin[CVZ_OPTION_filters], "", NULL};
  if (options->origin[CVZ_OPTION_objective] != CVZ_ORIGIN_RECIPE || source.origin <= CVZ_ORIGIN_RECIPE) return CVZ_OK;
  return cvz_options_set(options, CVZ_OPTION_objective, "channel", &source, error);
}

cvz_status cvz_options_check(cvz_options *options, cvz_error *error)
{
  if (options->resume && options->overwrite) CVZ_TRY(settle(options, CVZ_OPTION_resume, CVZ_OPTION_overwrite, error));
  if (options->resume && options->merge) CVZ_TRY(settle(options, CVZ_OPTION_resume, CVZ_OPTION_merge, error));
  if (cvz_options_read_results(options)) return CVZ_OK;
  CVZ_TRY(check_model(options, error));
  if (options->quiet && options->verbose) CVZ_TRY(settle(options, CVZ_OPTION_quiet, CVZ_OPTION_verbose, error));
  CVZ_REQUIRE(!options->ranks || options->dry_run, error, CVZ_E_USAGE, "--ranks: %d, expected --dry-run beside it",
              options->ranks);
  CVZ_REQUIRE(options->labels || !cvz_filters_has_names(options->filters), error, CVZ_E_USAGE,
              "--filters: '%.200s', expected numbers, or --labels FILE beside names", options->filters);
  CVZ_TRY(settle_objective(options, error));
  return options->list_layers ? CVZ_OK : check_layers(options, error);
}

void cvz_options_write(const cvz_options *options, cvz_text *text)
{
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) {
    if (options->origin[i] == CVZ_ORIGIN_NONE) continue;
    const cvz_option_value value = get(options, i);
    cvz_text_add(text, "%s = ", table[i].name);
    cvz_option_value_print(&value, table[i].kind, text);
    cvz_text_add(text, "\n");
  }
}

static cvz_status read_line(cvz_options *options, char *line, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "options: ", NULL};
  cvz_option_id id = CVZ_OPTION_COUNT;
  char *value = strstr(line, " = ");
  CVZ_REQUIRE(value, error, CVZ_E_FORMAT, "options: '%.200s', expected name = value", line);
  *value = 0;
  CVZ_TRY(cvz_options_find(&id, line, 0, source.prefix, error));
  return cvz_options_set(options, id, value + 3, &source, error);
}

cvz_status cvz_options_read(cvz_options *options, const char *text, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  *options = (cvz_options){0};
  while (*text && status == CVZ_OK) {
    const size_t length = strcspn(text, "\n");
    cvz_text line = {0};
    cvz_text_add_bytes(&line, text, length);
    status = cvz_text_check(&line, error);
    if (status == CVZ_OK) status = read_line(options, line.data, error);
    cvz_text_free(&line);
    text += length + (text[length] == '\n');
  }
  return status;
}

/* The last part of a path, of a folder with the slash that may end it. */
static const char *base_name(const char *path)
{
  const char *name = path;
  for (const char *at = path; *at; at++)
    if (*at == '/' && at[1] && at[1] != '/') name = at + 1;
  return name;
}

static cvz_attribute attribute(const cvz_option *option, const cvz_option_value *value, char text[32])
{
  cvz_attribute item = {.key = option->field, .kind = CVZ_ATTRIBUTE_INTEGER};
  switch (option->kind) {
  case CVZ_OPTION_FLAG:
    item.integer = value->flag;
    return item;
  case CVZ_OPTION_INTEGER:
    item.integer = value->integer;
    return item;
  case CVZ_OPTION_REAL:
    item.kind = CVZ_ATTRIBUTE_REAL, item.real = value->real;
    return item;
  case CVZ_OPTION_SEED:
    item.integer = (int64_t)value->seed;
    if (value->seed <= INT64_MAX) return item;
    snprintf(text, 32, "%" PRIu64, value->seed);
    break;
  case CVZ_OPTION_SIZE:
    snprintf(text, 32, "%dx%d", value->size.height, value->size.width);
    break;
  case CVZ_OPTION_PATH:
  case CVZ_OPTION_INIT:
  case CVZ_OPTION_SPECTRUM:
    return (cvz_attribute){option->field, CVZ_ATTRIBUTE_TEXT, {.text = base_name(value->text)}};
  default:
    return (cvz_attribute){option->field, CVZ_ATTRIBUTE_TEXT, {.text = value->text}};
  }
  item.kind = CVZ_ATTRIBUTE_TEXT;
  item.text = text;
  return item;
}

void cvz_options_attributes(const cvz_options *options, cvz_option_attributes *attributes)
{
  attributes->count = 0;
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) {
    if (!(table[i].flags & P) || options->origin[i] == CVZ_ORIGIN_NONE) continue;
    const cvz_option_value value = get(options, i);
    const int n = attributes->count++;
    attributes->items[n] = attribute(&table[i], &value, attributes->texts[n]);
  }
}
