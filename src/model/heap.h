/* model/heap.h: the part of an HDF5 file that the library trusts too much. Inside model/ only. */
#ifndef CVZ_MODEL_HEAP_H
#define CVZ_MODEL_HEAP_H

#include "base/status.h"

/** Checks that the objects in every global heap collection (where HDF5 keeps texts of variable length) follow each
 *  other and end with it: HDF5 1.10.8 walks over them without a check, and on a damaged file without an end.
 *  Reads the whole file once, which the weights need anyway.
 *  @return CVZ_E_FORMAT if they do not; CVZ_E_IO if the file cannot be read */
cvz_status cvz_heap_check(const char *path, cvz_error *error);

#endif
