#include "store/json.h"

#include <math.h>

#include "store/utf8.h"

json_t *cvz_json_text(const char *text)
{
  cvz_text clean = {0};
  cvz_utf8_add(&clean, text);
  json_t *json = clean.failed ? NULL : json_stringn(clean.data ? clean.data : "", clean.length);
  cvz_text_free(&clean);
  return json;
}

json_t *cvz_json_real(double real)
{
  return isfinite(real) ? json_real(real) : json_null();
}

json_t *cvz_json_attribute(const cvz_attribute *attribute)
{
  switch (attribute->kind) {
  case CVZ_ATTRIBUTE_INTEGER:
    return json_integer(attribute->integer);
  case CVZ_ATTRIBUTE_REAL:
    return cvz_json_real(attribute->real);
  case CVZ_ATTRIBUTE_TEXT:
    return cvz_json_text(attribute->text);
  }
  return NULL;
}
