#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/layer_file.h"

cvz_layer_variant cvz_layer_main(const cvz_layer_file_info *info)
{
  return (cvz_layer_variant){.tile_height = info->tile_height,
                             .tile_width = info->tile_width,
                             .steps = info->steps,
                             .keep_raw = info->keep_raw,
                             .raw_height = info->raw_height,
                             .raw_width = info->raw_width,
                             .raw_channels = info->raw_channels};
}

cvz_status cvz_layer_file_create_repeats(cvz_layer_file **file, const cvz_layer_file_info *info, int repeats,
                                         cvz_error *error)
{
  cvz_layer_file_info with = *info;
  cvz_layer_variant *variants = cvz_array((size_t)repeats + 1, sizeof *variants, error);
  if (!variants) return CVZ_E_MEMORY;
  for (int i = 0; i < repeats; i++) {
    variants[i] = cvz_layer_main(info);
    snprintf(variants[i].name, sizeof variants[i].name, "repeat_%d", i);
  }
  with.variants = variants, with.variant_count = repeats;
  const cvz_status status = cvz_layer_file_create(file, &with, error);
  free(variants);
  return status;
}

static bool is_plain(char c)
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("_-.", c);
}

/* A leading dot would hide it. */
void cvz_variant_name(char name[CVZ_VARIANT_NAME], const char *text)
{
  int length = 0;
  for (; text[length] && length < CVZ_VARIANT_NAME - 1; length++)
    name[length] = is_plain(text[length]) && (length || text[length] != '.') ? text[length] : '_';
  if (!length) name[length++] = '_';
  name[length] = 0;
}
