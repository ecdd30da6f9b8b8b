/* store/json.h: values as JSON. All give NULL without memory, which json_object_set_new, json_array_append_new and
 * json_pack pass on. */
#ifndef CVZ_STORE_JSON_H
#define CVZ_STORE_JSON_H

#include <jansson.h>

#include "base/attribute.h"

/** Text of unknown origin: bytes that are not valid UTF-8 become U+FFFD. */
json_t *cvz_json_text(const char *text);

/** null where the number is not finite: JSON has none. */
json_t *cvz_json_real(double real);

json_t *cvz_json_attribute(const cvz_attribute *attribute);

#endif
