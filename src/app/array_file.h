/* app/array_file.h: HDF5 files of numbers that a user brings. */
#ifndef CVZ_APP_ARRAY_FILE_H
#define CVZ_APP_ARRAY_FILE_H

#include <hdf5.h>
#include <stdbool.h>

#include "base/status.h"

/** Reads from an open file what it is for; names `path` in its errors. */
typedef cvz_status (*cvz_array_file_reader)(hid_t file, const char *path, void *context, cvz_error *error);

/** Whether a file looks like HDF5; not if it cannot be read. */
bool cvz_array_file_is(const char *path);

/** Opens a file and calls `read`. A damaged file may crash the HDF5 library, so another process does all of it first.
 *  @param key      of the option that names the file, for messages
 *  @param context  what `read` fills in; it is called in both processes
 *  @return CVZ_E_FORMAT if the file is none or the library fails on it; what `read` returns */
cvz_status cvz_array_file_read(const char *key, const char *path, cvz_array_file_reader read, void *context,
                               cvz_error *error);

#endif
