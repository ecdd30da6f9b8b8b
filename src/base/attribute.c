#include "base/attribute.h"

#include <stddef.h>
#include <string.h>

const cvz_attribute *cvz_attribute_find(const cvz_attribute *attributes, int count, const char *key)
{
  for (int i = 0; i < count; i++)
    if (!strcmp(attributes[i].key, key)) return &attributes[i];
  return NULL;
}

const char *cvz_attribute_text(const cvz_attribute *attributes, int count, const char *key)
{
  const cvz_attribute *found = cvz_attribute_find(attributes, count, key);
  return found && found->kind == CVZ_ATTRIBUTE_TEXT ? found->text : "";
}
