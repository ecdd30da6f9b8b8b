/* store/layer_write.h: a layer's file all at once, from units that are finished. */
#ifndef CVZ_STORE_LAYER_WRITE_H
#define CVZ_STORE_LAYER_WRITE_H

#include "store/layer_file.h"
#include "store/manifest.h"

/** Where the units come from; asked for each in turn. */
typedef struct cvz_unit_source {
  cvz_status (*read)(void *context, int index, cvz_result *result, cvz_error *error);
  void *context;
} cvz_unit_source;

/** Creates the file, with the margin that grids have, puts every unit and finishes it.
 *  @param[out] layer  gets count, columns, size of tiles and summary; the rest is left as it is */
cvz_status cvz_layer_write(cvz_layer_file_info info, cvz_unit_source source, cvz_output_layer *layer, cvz_error *error);

#endif
