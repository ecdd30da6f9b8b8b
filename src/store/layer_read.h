/* store/layer_read.h: a finished layer's HDF5 file, read unit by unit. */
#ifndef CVZ_STORE_LAYER_READ_H
#define CVZ_STORE_LAYER_READ_H

#include "store/layer_file.h"
#include "store/layer_summary.h"

#define CVZ_LAYER_KEYS 4 /**< attributes of a layer before those of its job */

typedef struct cvz_layer_read cvz_layer_read;

/** Opens DIRECTORY/layers/STEM.h5, as cvz_layer_file_finish left it.
 *  @return CVZ_E_FORMAT if it is not such a file */
cvz_status cvz_layer_read_open(cvz_layer_read **read, const char *directory, const char *stem, cvz_error *error);

/** Harmless on NULL. */
void cvz_layer_read_close(cvz_layer_read *read);

/** All that cvz_layer_file_create would need to make the same file again, but for the margin; lent until the close.
 *  The attributes are in the file's order, without "format" and "format_version". */
const cvz_layer_file_info *cvz_layer_read_info(const cvz_layer_read *read);

/** Reads one unit; `result` borrows its arrays until the next call or the close. */
cvz_status cvz_layer_read_unit(cvz_layer_read *read, int index, cvz_result *result, cvz_error *error);

/** Reads how the units ended. */
cvz_status cvz_layer_read_summary(cvz_layer_read *read, cvz_layer_summary *summary, cvz_error *error);

#endif
