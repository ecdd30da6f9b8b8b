/* model/heap.h: the part of an HDF5 file that the library trusts too much. Inside model/ only. */
#ifndef CVZ_MODEL_HEAP_H
#define CVZ_MODEL_HEAP_H

#include "base/status.h"

/** Checks the global heap, where HDF5 keeps texts of variable length: that the objects of every collection follow each
 *  other and end with it, and that what refers to one names an object and its length. HDF5 1.10.8 checks neither, and
 *  with a damaged file runs without an end or crashes: this says at once what the rehearsal in hdf5.c would find after
 *  seconds. Reads the whole file, which the weights need anyway.
 *  @param name  what messages call it
 *  @return CVZ_E_FORMAT for a broken heap; CVZ_E_IO if the file cannot be read */
cvz_status cvz_heap_check(const char *path, const char *name, cvz_error *error);

#endif
