#include <string.h>

#include "store/layer_file.h"

cvz_layer_variant cvz_layer_main(const cvz_layer_file_info *info)
{
  return (cvz_layer_variant){.tile_height = info->tile_height,
                             .tile_width = info->tile_width,
                             .steps = info->steps,
                             .noise = true,
                             .frames = info->frames,
                             .frame_channels = info->frame_channels,
                             .keep_raw = info->keep_raw,
                             .raw_height = info->raw_height,
                             .raw_width = info->raw_width,
                             .raw_channels = info->raw_channels};
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
