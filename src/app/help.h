/* app/help.h: what the program tells about itself, made from the table of options. */
#ifndef CVZ_APP_HELP_H
#define CVZ_APP_HELP_H

#include <stdio.h>

/** --help: the options in groups, examples, exit codes; at most 80 columns. */
void cvz_help_print(FILE *stream);

/** A library and its version, for --version. */
typedef struct cvz_version_part {
  const char *name, *text;
} cvz_version_part;

void cvz_help_version(FILE *stream, const cvz_version_part *parts, int count);

/** The manual page, in the man macros. */
void cvz_help_man(FILE *stream);

/** A completion script for bash. */
void cvz_help_completion(FILE *stream);

#endif
