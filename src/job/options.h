/* job/options.h: what the user asks for. The options themselves are the rows of options.def. */
#ifndef CVZ_JOB_OPTIONS_H
#define CVZ_JOB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attribute.h"
#include "base/status.h"
#include "base/text.h"

typedef struct cvz_size {
  int height, width;
} cvz_size;

/** Part `index` of `count`, from 1. */
typedef struct cvz_shard {
  int index, count;
} cvz_shard;

/** What kind of value an option has; `cvz_option_type_KIND` is its type in cvz_options. Texts are owned, NULL if not
 *  known. */
typedef enum cvz_option_kind {
  CVZ_OPTION_FLAG,
  CVZ_OPTION_INTEGER,
  CVZ_OPTION_REAL,
  CVZ_OPTION_SEED,
  CVZ_OPTION_SIZE,
  CVZ_OPTION_SHARD,
  CVZ_OPTION_TIME, /**< seconds */
  CVZ_OPTION_TEXT,
  CVZ_OPTION_PATH,      /**< in a job file relative to its folder */
  CVZ_OPTION_INIT,      /**< a word or a path */
  CVZ_OPTION_SPECTRUM,  /**< the same, other words */
  CVZ_OPTION_LIST,      /**< separated by commas; may repeat and then appends */
  CVZ_OPTION_FILTERS,   /**< see job/filters.h */
  CVZ_OPTION_OBJECTIVE, /**< see job/expression.h; may repeat and then appends */
  CVZ_OPTION_CHOICE,    /**< one of the words of its argument, "a|b|c" */
  CVZ_OPTION_KIND_COUNT
} cvz_option_kind;

typedef bool cvz_option_type_FLAG;
typedef int cvz_option_type_INTEGER;
typedef double cvz_option_type_REAL;
typedef uint64_t cvz_option_type_SEED;
typedef cvz_size cvz_option_type_SIZE;
typedef cvz_shard cvz_option_type_SHARD;
typedef double cvz_option_type_TIME;
typedef char *cvz_option_type_TEXT;
typedef char *cvz_option_type_PATH;
typedef char *cvz_option_type_INIT;
typedef char *cvz_option_type_SPECTRUM;
typedef char *cvz_option_type_LIST;
typedef char *cvz_option_type_FILTERS;
typedef char *cvz_option_type_OBJECTIVE;
typedef char *cvz_option_type_CHOICE;

/** Where a value comes from: the later wins. */
typedef enum cvz_origin {
  CVZ_ORIGIN_NONE,
  CVZ_ORIGIN_FALLBACK,
  CVZ_ORIGIN_RECIPE,
  CVZ_ORIGIN_FILE,
  CVZ_ORIGIN_COMMAND_LINE
} cvz_origin;

/** Index of an option in the table: CVZ_OPTION_model and so on. */
typedef enum cvz_option_id {
#define X(field, ...) CVZ_OPTION_##field,
#include "job/options.def"
#undef X
  CVZ_OPTION_COUNT
} cvz_option_id;

/** Zero-initialise, or cvz_options_init; release with cvz_options_free. */
typedef struct cvz_options {
#define X(field, name, KIND, ...) cvz_option_type_##KIND field;
#include "job/options.def"
#undef X
  cvz_origin origin[CVZ_OPTION_COUNT];
} cvz_options;

/** Headings of --help, in their order. */
typedef enum cvz_option_group {
  CVZ_GROUP_NONE,
  CVZ_GROUP_MODEL,
  CVZ_GROUP_WHAT,
  CVZ_GROUP_HOW,
  CVZ_GROUP_PARTS,
  CVZ_GROUP_RESULTS,
  CVZ_GROUP_RUN,
  CVZ_GROUP_INFORMATION,
  CVZ_GROUP_COUNT
} cvz_option_group;

const char *cvz_option_group_title(cvz_option_group group);

enum { CVZ_OPTION_IN_ARGUMENTS = 1, CVZ_OPTION_IN_FILE = 2, CVZ_OPTION_CHANGES_PICTURE = 4 };

/** One row of the table. */
typedef struct cvz_option {
  const char *field, *name;
  cvz_option_kind kind;
  size_t offset;        /**< in cvz_options */
  const char *fallback; /**< NULL if there is none */
  const char *argument; /**< placeholder in --help, "" of a flag */
  cvz_option_group group;
  unsigned flags;
  double low, high;
  const char *help;
} cvz_option;

/** The table, CVZ_OPTION_COUNT rows. */
const cvz_option *cvz_options_table(void);

/** The row of that name among those that have all of `flags`.
 *  @return CVZ_E_USAGE "PREFIX NAME: unknown option, closest: ..."; `prefix` stands before the name ("--", "job.ini:3:
 * ")
 */
cvz_status cvz_options_find(cvz_option_id *id, const char *name, unsigned flags, const char *prefix, cvz_error *error);

/** Fills in the fallbacks. Values that a recipe supplies come with cvz_recipe_apply.
 *  @param[out] options  to be freed after a failure, too */
cvz_status cvz_options_init(cvz_options *options, cvz_error *error);

/** Harmless on zeroed options. */
void cvz_options_free(cvz_options *options);

/** Who gives a value. */
typedef struct cvz_option_source {
  cvz_origin origin;
  const char *prefix; /**< before the option's name in errors */
  const char *folder; /**< for relative paths, NULL: leave them alone */
} cvz_option_source;

/** Gives an option its value from text. A weaker origin than the present one changes nothing, but is checked as well.
 *  @return CVZ_E_USAGE if it is not a value of that option, or if the same origin gave one before (a list appends)
 */
cvz_status cvz_options_set(cvz_options *options, cvz_option_id id, const char *value, const cvz_option_source *source,
                           cvz_error *error);

/** Refuses what contradicts itself or is not enough for a job. Of a pair that excludes each other the stronger origin
 *  wins: a model on the command line replaces the weights and architecture of the job file. */
cvz_status cvz_options_check(cvz_options *options, cvz_error *error);

/** Is it about results that are there, so that no model is needed? */
bool cvz_options_read_results(const cvz_options *options);

/** Appends every known value as a line "name = value". cvz_options_read gives exactly the same values back. */
void cvz_options_write(const cvz_options *options, cvz_text *text);

/** @param[out] options  initialised here; also to be freed after a failure */
cvz_status cvz_options_read(cvz_options *options, const char *text, cvz_error *error);

/** The parameters that change the pictures, of files without their folder. Keys are the fields' names
 * ("learning_rate"). Texts point into the options and into this struct: keep both, copy neither. */
typedef struct cvz_option_attributes {
  cvz_attribute items[CVZ_OPTION_COUNT];
  char texts[CVZ_OPTION_COUNT][32];
  int count;
} cvz_option_attributes;

void cvz_options_attributes(const cvz_options *options, cvz_option_attributes *attributes);

#endif
