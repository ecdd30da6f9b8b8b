#include "app/help.h"

#include <string.h>

#include "job/recipe.h"

#define WIDTH  80
#define INDENT 24 /* of the help texts */

static const char purpose[] =
    "Renders, for every filter of one layer, many layers or a whole trained Keras network, the image that excites that "
    "filter most, and gathers the images into a grid per layer.";

static const struct {
  const char *command, *what;
} examples[] = {
    {"mpirun -n 8 convviz-mpi jobs/quickstart.ini", "the job of a file"},
    {"mpirun -n 8 convviz-mpi --model net.h5 --layer conv --out atlas", "every convolution of a model"},
    {"convviz-mpi --weights resnet50v2.h5 --arch ResNet50V2 --list-layers", "what there is to render"},
};

static const struct {
  int code;
  const char *meaning;
} exit_codes[] = {
    {0, "everything is done"},
    {1, "something failed; one line says what"},
    {2, "the call or the job file is wrong"},
    {75, "stopped early by a signal or --max-time; --resume goes on"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Prints `text` in lines of at most WIDTH columns, each after `indent` blanks; `column` is where the cursor stands. */
static void wrap(FILE *stream, const char *text, int indent, int column)
{
  while (*text) {
    const int length = (int)strcspn(text, " ");
    if (column > indent && column + 1 + length > WIDTH) column = fputc('\n', stream) - '\n';
    if (column < indent) {
      fprintf(stream, "%*s", indent - column, "");
      column = indent;
    } else if (column > indent) {
      column += fprintf(stream, " ");
    }
    column += fprintf(stream, "%.*s", length, text);
    text += length;
    text += strspn(text, " ");
  }
  fputc('\n', stream);
}

static bool listed(const cvz_option *option, cvz_option_group group)
{
  return option->group == group && (option->flags & CVZ_OPTION_IN_ARGUMENTS);
}

/* The default as --help shows it: of the option itself or of the recipe that is the default; NULL if there is none. */
static const char *fallback(int id)
{
  const cvz_option *table = cvz_options_table();
  if (table[id].kind == CVZ_OPTION_FLAG) return NULL;
  if (table[id].fallback) return table[id].fallback;
  return cvz_recipe_value(table[CVZ_OPTION_recipe].fallback, (cvz_option_id)id);
}

static void print_option(FILE *stream, int id)
{
  const cvz_option *option = &cvz_options_table()[id];
  const char *value = fallback(id);
  cvz_text help = {0};
  cvz_text_add(&help, "%s", option->help);
  if (value) cvz_text_add(&help, " (default: %s)", value);
  int column = fprintf(stream, "  --%s%s%s", option->name, option->argument[0] ? " " : "", option->argument);
  if (column > INDENT - 2) column = fputc('\n', stream) - '\n';
  wrap(stream, help.data ? help.data : "", INDENT, column);
  cvz_text_free(&help);
}

void cvz_help_print(FILE *stream)
{
  fprintf(stream, "Usage: mpirun -n RANKS convviz-mpi [JOB.ini] [OPTION]...\n\n");
  wrap(stream, purpose, 0, 0);
  fputc('\n', stream);
  wrap(stream,
       "JOB.ini has lines 'option = value' with the names of the options below, without the dashes; its relative paths "
       "start from its own folder. The command line wins.",
       0, 0);
  for (int group = 1; group < CVZ_GROUP_COUNT; group++) {
    fprintf(stream, "\n%s:\n", cvz_option_group_title((cvz_option_group)group));
    for (int i = 0; i < CVZ_OPTION_COUNT; i++)
      if (listed(&cvz_options_table()[i], (cvz_option_group)group)) print_option(stream, i);
  }
  fprintf(stream, "\nExamples:\n");
  for (size_t i = 0; i < COUNT(examples); i++)
    fprintf(stream, "  %s\n      %s\n", examples[i].command, examples[i].what);
  fprintf(stream, "\nExit codes:\n");
  for (size_t i = 0; i < COUNT(exit_codes); i++)
    fprintf(stream, "  %-2d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

void cvz_help_version(FILE *stream, const cvz_version_part *parts, int count)
{
  int width = 0;
  for (int i = 0; i < count; i++)
    if ((int)strlen(parts[i].name) > width) width = (int)strlen(parts[i].name);
  fprintf(stream, "convviz-mpi %s\n", CONVVIZ_VERSION);
  for (int i = 0; i < count; i++) fprintf(stream, "  %-*s  %s\n", width, parts[i].name, parts[i].text);
}

/* roff takes a hyphen for a soft one, a dot or quote at the start of a line for a request. */
static void roff(FILE *stream, const char *text)
{
  if (*text == '.' || *text == '\'') fputs("\\&", stream);
  for (; *text; text++) {
    if (*text == '-' || *text == '\\') fputc('\\', stream);
    fputs(*text == '\\' ? "e" : (const char[]){*text, 0}, stream);
  }
}

static void man_option(FILE *stream, int id)
{
  const cvz_option *option = &cvz_options_table()[id];
  fputs(".TP\n\\fB\\-\\-", stream);
  roff(stream, option->name);
  fprintf(stream, "\\fR%s\\fI", option->argument[0] ? " " : "");
  roff(stream, option->argument);
  fputs("\\fR\n", stream);
  roff(stream, option->help);
  if (fallback(id)) fprintf(stream, " (default: %s)", fallback(id));
  fputc('\n', stream);
}

void cvz_help_man(FILE *stream)
{
  fprintf(stream, ".TH CONVVIZ\\-MPI 1 \"\" \"convviz\\-mpi %s\"\n", CONVVIZ_VERSION);
  fputs(".SH NAME\nconvviz\\-mpi \\- pictures of what the filters of a convolutional network respond to\n"
        ".SH SYNOPSIS\n\\fBmpirun\\fR \\-n \\fIRANKS\\fR \\fBconvviz\\-mpi\\fR [\\fIJOB.ini\\fR] [\\fIOPTION\\fR]...\n"
        ".SH DESCRIPTION\n",
        stream);
  roff(stream, purpose);
  fputs("\n.SH OPTIONS\n", stream);
  for (int group = 1; group < CVZ_GROUP_COUNT; group++) {
    fprintf(stream, ".SS %s\n", cvz_option_group_title((cvz_option_group)group));
    for (int i = 0; i < CVZ_OPTION_COUNT; i++)
      if (listed(&cvz_options_table()[i], (cvz_option_group)group)) man_option(stream, i);
  }
  fputs(".SH \"EXIT STATUS\"\n", stream);
  for (size_t i = 0; i < COUNT(exit_codes); i++)
    fprintf(stream, ".TP\n%d\n%s\n", exit_codes[i].code, exit_codes[i].meaning);
}

void cvz_help_completion(FILE *stream)
{
  fputs("_convviz_mpi()\n{\n  local options='", stream);
  for (int i = 0; i < CVZ_OPTION_COUNT; i++)
    if (cvz_options_table()[i].flags & CVZ_OPTION_IN_ARGUMENTS) fprintf(stream, "--%s ", cvz_options_table()[i].name);
  fputs("'\n  COMPREPLY=()\n"
        "  [[ ${COMP_WORDS[COMP_CWORD]} == -* ]] && COMPREPLY=($(compgen -W \"$options\" -- "
        "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
        "}\ncomplete -o default -F _convviz_mpi convviz-mpi\n",
        stream);
}
