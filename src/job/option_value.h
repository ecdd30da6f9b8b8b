/* job/option_value.h: the value of one option, from text and to text; for options.c and whoever keeps a table of
 * options of its own. */
#ifndef CVZ_JOB_OPTION_VALUE_H
#define CVZ_JOB_OPTION_VALUE_H

#include "job/options.h"

typedef union cvz_option_value {
  bool flag;
  int integer;
  double real;
  uint64_t seed;
  cvz_size size;
  cvz_shard shard;
  double seconds;
  char *text; /**< owned */
} cvz_option_value;

bool cvz_option_value_is_text(cvz_option_kind kind);

/** Bytes of a value of that kind in cvz_options. */
size_t cvz_option_value_bytes(cvz_option_kind kind);

/** @return CVZ_E_USAGE "PREFIX NAME: 'TEXT', expected ..." */
cvz_status cvz_option_value_parse(cvz_option_value *value, const cvz_option *option, const char *text,
                                  const cvz_option_source *source, cvz_error *error);

/** Appends the value such that cvz_option_value_parse gives it back exactly. */
void cvz_option_value_print(const cvz_option_value *value, cvz_option_kind kind, cvz_text *text);

#endif
