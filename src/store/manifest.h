/* store/manifest.h: manifest.json: the job, its layers and the network. */
#ifndef CVZ_STORE_MANIFEST_H
#define CVZ_STORE_MANIFEST_H

#include <stdbool.h>

#include "base/attribute.h"
#include "base/text.h"
#include "job/part.h"
#include "store/layer_summary.h"

/** How one asks for a layer of the results, in options. */
typedef struct cvz_asked {
  const char *layer;     /**< of the network, that --layer names; NULL: the objective names its own */
  const char *objective; /**< its text */
  bool by_filter;        /**< --filters says which of its filters are rendered */
} cvz_asked;

/** One layer's line in the manifest and in the atlas. */
typedef struct cvz_output_layer {
  const char *name, *class_name, *stem;
  cvz_asked asked;
  char shape[64];
  int count;   /**< filters rendered */
  int columns; /**< of the first sheet */
  int tile_width, tile_height;
  cvz_layer_summary summary;
} cvz_output_layer;

/** What part of a job the results are. */
typedef struct cvz_output_part {
  cvz_shard shard;
  cvz_whole whole;
} cvz_output_part;

/** Another job whose pictures stand beside those of the layers, as a variant of that name. */
typedef struct cvz_manifest_variant {
  const char *name;
  const cvz_attribute *attributes;
  int attribute_count;
} cvz_manifest_variant;

/** All borrowed. */
typedef struct cvz_manifest {
  const cvz_output_part *part;     /**< NULL: the whole job */
  const cvz_attribute *attributes; /**< program, version, model, checksum and every parameter */
  int attribute_count;
  const cvz_output_layer *layers;
  int layer_count;
  const cvz_manifest_variant *variants;
  int variant_count;
  const char *network; /**< JSON: [{"name", "class", "inputs": [places before]}], or NULL if it is not known */
} cvz_manifest;

/** Appends it as compact JSON in ASCII, as a script may have it. */
cvz_status cvz_manifest_text(const cvz_manifest *manifest, cvz_text *text, cvz_error *error);

/** Writes DIRECTORY/manifest.json. */
cvz_status cvz_manifest_write(const char *directory, const cvz_manifest *manifest, cvz_error *error);

#endif
