/* store/layer_file.h: one layer's HDF5 file and PNG grid, filled unit by unit in any order. */
#ifndef CVZ_STORE_LAYER_FILE_H
#define CVZ_STORE_LAYER_FILE_H

#include <stdbool.h>

#include "ascent/climb.h"
#include "base/attribute.h"
#include "base/status.h"
#include "job/result.h"

#define CVZ_VARIANT_NAME CVZ_CLIMB_NAME

/** More pictures of the same filters: a repeat, the other sign, another job's. */
typedef struct cvz_layer_variant {
  char name[CVZ_VARIANT_NAME]; /**< of the group /variants/NAME; see cvz_variant_name */
  int tile_height, tile_width, steps;
  bool noise; /**< has activations on random images of its own; else the layer's are its, or their negative */
  int frames, frame_channels; /**< of the ascent's film; 0: there is none */
  bool keep_raw;
  int raw_height, raw_width, raw_channels;
  const cvz_attribute *attributes; /**< parameters of another job, borrowed; NULL: they are the layer's */
  int attribute_count;
} cvz_layer_variant;

/** What is known of a layer before the first unit ends. All borrowed; read by cvz_layer_file_create only. */
typedef struct cvz_layer_file_info {
  const char *directory;     /**< of the job's output; the files go to its folder layers/ */
  const char *stem;          /**< file name without extension */
  const int *filters;        /**< their numbers in the layer, ascending */
  const char *const *labels; /**< their names, NULL: they have none */
  int count;
  int tile_height, tile_width, channels; /**< channels 1, 3 or 4 */
  int steps;
  int frames, frame_channels; /**< of the ascents' films; 0: there are none */
  bool keep_raw;
  int raw_height, raw_width, raw_channels; /**< the network's image */
  int margin;                              /**< of the grid, pixels */
  const cvz_attribute *attributes;
  int attribute_count;
  const cvz_layer_variant *variants; /**< in the order of cvz_result.repeats */
  int variant_count;
} cvz_layer_file_info;

/** The pictures of the layer itself, as a variant without a name. */
cvz_layer_variant cvz_layer_main(const cvz_layer_file_info *info);

/** Makes a name of letters, digits, '_', '-' and '.' of any text: what else there is becomes '_'. */
void cvz_variant_name(char name[CVZ_VARIANT_NAME], const char *text);

typedef struct cvz_layer_file cvz_layer_file;

/** Opens DIRECTORY/layers/STEM.h5 under a temporary name, at its full size. Until units are put, tiles and raw images
 *  are 0, losses NaN, status missing. Many can be open at a time; each holds one file descriptor.
 *  A limit on the file size (RLIMIT_FSIZE) is an error only if SIGXFSZ is ignored. */
cvz_status cvz_layer_file_create(cvz_layer_file **file, const cvz_layer_file_info *info, cvz_error *error);

/** Stores unit `index` in [0, count) at once: memory does not grow with the number of units. The files' bytes do not
 *  depend on the order. result->filter must be filters[index], and result->repeats as many as there are variants; of
 *  one with status missing nothing else is read. */
cvz_status cvz_layer_file_put(cvz_layer_file *file, int index, const cvz_result *result, cvz_error *error);

/** A number for each filter that the atlas tells and sorts by. */
typedef struct cvz_layer_score {
  const char *name;    /**< printable ASCII without quotes and backslashes */
  const float *values; /**< (count) */
} cvz_layer_score;

/** Sets the scores, borrowed until the file is finished or discarded. */
void cvz_layer_file_scores(cvz_layer_file *file, const cvz_layer_score *scores, int count);

/** Stitches STEM.png, and STEM.apng of films, syncs all files and gives them their final names. Frees `file` whatever
 * happens; on failure nothing is left under either name. */
cvz_status cvz_layer_file_finish(cvz_layer_file *file, cvz_error *error);

/** Gives up: removes the temporary files and frees. Harmless on NULL. */
void cvz_layer_file_discard(cvz_layer_file *file);

#endif
