/* store/layer_file_parts.h: a layer's file while it is made, for the files that make it. Inside store/ only. */
#ifndef CVZ_STORE_LAYER_FILE_PARTS_H
#define CVZ_STORE_LAYER_FILE_PARTS_H

#include <limits.h>

#include "store/layer_file.h"
#include "store/layer_layout.h"

/** A file under its two names. */
typedef struct cvz_named_file {
  char path[PATH_MAX], temporary[PATH_MAX];
} cvz_named_file;

struct cvz_layer_file {
  cvz_layer_file_info info; /**< with copies of its texts, filters and variants, without attributes */
  char *directory, *stem;
  int *filters;
  char **labels;               /**< NULL: none */
  cvz_layer_variant *pictures; /**< the layer's own, then its variants; as many as the layout has */
  cvz_named_file h5;
  int descriptor; /**< of the .h5 */
  cvz_layer_layout layout;
  const cvz_layer_score *scores;
  int score_count;
};

/** Names DIRECTORY/FOLDER/STEM + end. */
cvz_status cvz_layer_file_name(cvz_named_file *file, const cvz_layer_file_info *info, const char *folder,
                               const char *end, cvz_error *error);

/** Bytes of one unit's picture. */
size_t cvz_layer_tile_bytes(const cvz_layer_file *file, int pictures);

cvz_status cvz_layer_file_get(const cvz_layer_file *file, uint64_t offset, void *data, size_t bytes, cvz_error *error);

/** Writes what one looks at: the sheets of all pictures, the strip of the best and the script of the page. */
cvz_status cvz_layer_pages_write(cvz_layer_file *file, cvz_error *error);

/** Writes the animation of one sheet of pictures that have films, under the sheet's name with .apng. */
cvz_status cvz_layer_animation_write(cvz_layer_file *file, int pictures, int sheet, cvz_error *error);

/** Removes them all. */
void cvz_layer_pages_remove(const cvz_layer_file *file);

#endif
