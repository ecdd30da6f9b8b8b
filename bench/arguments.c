#include "bench/arguments.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "job/option_value.h"

#define HELP_INDENT 24

/* One option: a row of the same kind as those of convviz-mpi, and which command takes it. */
static const struct row {
  const char *command; /* those that take it; NULL: all */
  cvz_option option;
} rows[] = {
#define X(command, field, name, KIND, fallback, argument, low, high, help)                                             \
  {command,                                                                                                            \
   {#field, name, CVZ_OPTION_##KIND, offsetof(cvz_bench_options, field), fallback, argument, CVZ_GROUP_NONE, 0, low,   \
    high, help}},
#include "bench/options.def"
#undef X
};

#define ROWS (sizeof rows / sizeof *rows)

static const cvz_option_source command_line = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};

static cvz_status set(cvz_bench_options *options, const cvz_option *option, const char *text, cvz_error *error)
{
  cvz_option_value value = {0};
  char *place = (char *)options + option->offset;
  CVZ_TRY(cvz_option_value_parse(&value, option, text, &command_line, error));
  if (cvz_option_value_is_text(option->kind)) free(*(char **)(void *)place);
  memcpy(place, &value, cvz_option_value_bytes(option->kind));
  return CVZ_OK;
}

static cvz_status set_fallbacks(cvz_bench_options *options, cvz_error *error)
{
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].option.fallback) CVZ_TRY(set(options, &rows[i].option, rows[i].option.fallback, error));
  return CVZ_OK;
}

static const cvz_option *find_option(const char *command, const char *name, size_t length)
{
  for (size_t i = 0; i < ROWS; i++)
    if (strlen(rows[i].option.name) == length && !strncmp(rows[i].option.name, name, length) &&
        (!rows[i].command || (*command && strstr(rows[i].command, command))))
      return &rows[i].option;
  return NULL;
}

static const cvz_bench_command *find_command(const char *name)
{
  for (const cvz_bench_command *c = cvz_bench_commands; c->name; c++)
    if (!strcmp(c->name, name)) return c;
  return NULL;
}

/* "--name=value", "--name value" or a flag "--name"; `next` is what follows, NULL at the end. */
static cvz_status take_option(cvz_bench_options *options, const cvz_bench_command *command, const char *text,
                              const char *next, int *used, cvz_error *error)
{
  const size_t length = strcspn(text, "=");
  const cvz_option *option = find_option(command ? command->name : "", text, length);
  CVZ_REQUIRE(option, error, CVZ_E_USAGE, "--%.200s: unknown option%s%s, see --help", text, command ? " of " : "",
              command ? command->name : "");
  const bool flag = option->kind == CVZ_OPTION_FLAG, equals = text[length] != 0;
  const bool missing = !equals && !flag && (!next || !strncmp(next, "--", 2));
  *used = equals || flag ? 1 : 2;
  return set(options, option, equals ? text + length + 1 : flag ? "true" : missing ? "" : next, error);
}

static cvz_status take_number(cvz_bench_options *options, const cvz_bench_command *command, const char *text,
                              cvz_error *error)
{
  const cvz_option number = {.name = "size", .kind = CVZ_OPTION_INTEGER, .low = 1, .high = 1 << 16};
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "", NULL};
  cvz_option_value value;
  CVZ_REQUIRE(options->number_count < command->most_numbers, error, CVZ_E_USAGE,
              "'%.200s': more than %s takes, see --help", text, command->name);
  CVZ_TRY(cvz_option_value_parse(&value, &number, text, &source, error));
  options->numbers[options->number_count++] = value.integer;
  return CVZ_OK;
}

static cvz_status take(cvz_bench_options *options, const cvz_bench_command **command, const char *text,
                       const char *next, int *used, cvz_error *error)
{
  *used = 1;
  if (!strncmp(text, "--", 2)) return take_option(options, *command, text + 2, next, used, error);
  if (*command) return take_number(options, *command, text, error);
  *command = find_command(text);
  CVZ_REQUIRE(*command, error, CVZ_E_USAGE,
              "'%.200s': unknown command, expected step, scaling, gemm or kernels, see --help", text);
  return CVZ_OK;
}

cvz_status cvz_bench_arguments(cvz_bench_options *options, const cvz_bench_command **command, int argc,
                               char *const *argv, cvz_error *error)
{
  *command = NULL;
  *options = (cvz_bench_options){.filter = CVZ_BENCH_ANY_FILTER};
  CVZ_TRY(set_fallbacks(options, error));
  for (int i = 1, used; i < argc; i += used)
    CVZ_TRY(take(options, command, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, error));
  if (options->help || options->version) *command = NULL;
  CVZ_REQUIRE(*command || options->help || options->version, error, CVZ_E_USAGE,
              "no command, expected step, scaling, gemm or kernels, see --help");
  return CVZ_OK;
}

void cvz_bench_options_free(cvz_bench_options *options)
{
  for (size_t i = 0; i < ROWS; i++)
    if (cvz_option_value_is_text(rows[i].option.kind))
      free(*(char **)(void *)((char *)options + rows[i].option.offset));
}

static void print_option(FILE *stream, const cvz_option *option)
{
  int column = fprintf(stream, "  --%s%s%s", option->name, option->argument[0] ? " " : "", option->argument);
  if (column > HELP_INDENT - 2) column = fputc('\n', stream) - '\n';
  fprintf(stream, "%*s%s", HELP_INDENT - column, "", option->help);
  if (option->fallback && option->kind != CVZ_OPTION_FLAG) fprintf(stream, " (default: %s)", option->fallback);
  fputc('\n', stream);
}

void cvz_bench_help(FILE *stream)
{
  fputs("Usage: convviz-bench COMMAND [OPTION]...\n\nTells how fast one core climbs: in time, and as a share of the "
        "multiply-adds it could do.\n\nCommands:\n",
        stream);
  for (const cvz_bench_command *c = cvz_bench_commands; c->name; c++)
    fprintf(stream, "  %s %-*s%s\n", c->name, (int)(HELP_INDENT - 3 - strlen(c->name)), c->arguments, c->help);
  fputs("\nOptions of step and scaling:\n", stream);
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].command) print_option(stream, &rows[i].option);
  fputs("\nOptions:\n", stream);
  for (size_t i = 0; i < ROWS; i++)
    if (!rows[i].command) print_option(stream, &rows[i].option);
  fputs("\nExit codes: 0 done, 1 failed, 2 the call is wrong.\n", stream);
}
