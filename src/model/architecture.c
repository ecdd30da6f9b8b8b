#include "model/architecture.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "model/embedded.h"

static const cvz_embedded *find(const char *name)
{
  const char *const *names = cvz_architecture_names();
  for (int i = 0; names[i]; i++)
    if (!strcasecmp(name, names[i])) return &cvz_embedded_architecture_files[i];
  return NULL;
}

static cvz_status unknown(const char *name, cvz_error *error)
{
  const char *const *names = cvz_architecture_names();
  char closest[256];
  size_t count = 0;
  while (names[count]) count++;
  cvz_text_closest(name, names, count, closest, sizeof closest);
  return cvz_fail(error, CVZ_E_USAGE,
                  "architecture: '%.100s' is not known, expected a constructor of keras.applications%s%s", name,
                  *closest ? ", such as " : "", closest);
}

/* Decompresses what was embedded. It is our own: a failure can only be a lack of memory. */
static cvz_status inflate_text(const cvz_embedded *packed, cvz_text *text, cvz_error *error)
{
  Bytef buffer[16384];
  z_stream stream = {.next_in = (Bytef *)packed->start, .avail_in = (uInt)(packed->end - packed->start)};
  int result = inflateInit2(&stream, 16 + MAX_WBITS);
  while (result == Z_OK) {
    stream.next_out = buffer;
    stream.avail_out = sizeof buffer;
    result = inflate(&stream, Z_NO_FLUSH);
    cvz_text_add_bytes(text, (const char *)buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  CVZ_REQUIRE(result == Z_STREAM_END, error, CVZ_E_MEMORY, "memory: no room for an architecture");
  return cvz_text_check(text, error);
}

/* The layers of one variant: those of the other are marked. */
static json_t *layers_of(const json_t *both, const char *variant)
{
  json_t *layers = json_array(), *layer;
  size_t i;
  json_array_foreach(json_object_get(both, "layers"), i, layer)
  {
    const char *only = json_string_value(json_object_get(layer, "only"));
    if (!only || !strcmp(only, variant)) json_array_append(layers, layer);
  }
  return layers;
}

/* What Keras's to_json() writes for the variant. */
static json_t *model_of(const json_t *both, const char *variant)
{
  const json_t *ends = json_object_get(json_object_get(both, "ends"), variant);
  return json_pack("{s:s, s:O, s:{s:O, s:o, s:O, s:O}}", "class_name", "Functional", "keras_version",
                   json_object_get(both, "keras_version"), "config", "name", json_object_get(ends, "name"), "layers",
                   layers_of(both, variant), "input_layers", json_object_get(ends, "input_layers"), "output_layers",
                   json_object_get(ends, "output_layers"));
}

static int append(const char *bytes, size_t count, void *text)
{
  cvz_text_add_bytes(text, bytes, count);
  return 0;
}

cvz_status cvz_architecture_json(const char *name, bool top, cvz_text *json, cvz_error *error)
{
  const cvz_embedded *packed = find(name);
  if (!packed) return unknown(name, error);
  cvz_text text = {0};
  cvz_status status = inflate_text(packed, &text, error);
  json_t *both = status == CVZ_OK ? json_loadb(text.data, text.length, 0, NULL) : NULL;
  json_t *model = both ? model_of(both, top ? "top" : "notop") : NULL;
  if (status == CVZ_OK && (!model || json_dump_callback(model, append, json, JSON_COMPACT) != 0))
    status = cvz_fail(error, CVZ_E_MEMORY, "memory: no room for the architecture %s", name);
  json_decref(model);
  json_decref(both);
  cvz_text_free(&text);
  return status == CVZ_OK ? cvz_text_check(json, error) : status;
}

const char *const *cvz_architecture_names(void)
{
  return cvz_embedded_architecture_names;
}
