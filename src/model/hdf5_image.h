/* model/hdf5_image.h: an HDF5 file in memory, without a copy of it for the library. Inside model/ only. */
#ifndef CVZ_MODEL_HDF5_IMAGE_H
#define CVZ_MODEL_HDF5_IMAGE_H

#include <hdf5.h>
#include <stddef.h>

/** A mapped file. Owned by the caller; must live until the HDF5 file is closed. Zero-initialise. */
typedef struct cvz_hdf5_image {
  void *data;
  size_t bytes;
} cvz_hdf5_image;

/** Maps what lies at `path`, which no other open HDF5 file may have, and opens it for reading.
 *  @return the file, or negative; cvz_hdf5_image_close is due in both cases */
hid_t cvz_hdf5_image_open(cvz_hdf5_image *image, const char *path);

/** After the file was closed. Harmless on a zeroed image. */
void cvz_hdf5_image_close(cvz_hdf5_image *image);

#endif
