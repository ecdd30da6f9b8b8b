/* base/attribute.h: a named parameter as it is written into files. */
#ifndef CVZ_BASE_ATTRIBUTE_H
#define CVZ_BASE_ATTRIBUTE_H

#include <stdint.h>

typedef enum cvz_attribute_kind { CVZ_ATTRIBUTE_INTEGER, CVZ_ATTRIBUTE_REAL, CVZ_ATTRIBUTE_TEXT } cvz_attribute_kind;

typedef struct cvz_attribute {
  const char *key;
  cvz_attribute_kind kind;
  union {
    int64_t integer;
    double real;
    const char *text;
  };
} cvz_attribute;

/** The first of that name; NULL: there is none. */
const cvz_attribute *cvz_attribute_find(const cvz_attribute *attributes, int count, const char *key);

/** The text of that name; "" if there is none. */
const char *cvz_attribute_text(const cvz_attribute *attributes, int count, const char *key);

#endif
