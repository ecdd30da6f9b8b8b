/* store/hdf5_driver.h: HDF5 files written through an open descriptor, which outlive every failure of the system. */
#ifndef CVZ_STORE_HDF5_DRIVER_H
#define CVZ_STORE_HDF5_DRIVER_H

#include <hdf5.h>

/** Where HDF5 writes to, and what went wrong. Owned by the caller; must live until the file is closed. */
typedef struct cvz_hdf5_device {
  int descriptor; /**< open for reading and writing, empty; stays open */
  int code;       /**< errno of the first failure, 0 if none */
  hid_t driver;   /**< internal */
} cvz_hdf5_device;

/** Creates an HDF5 file on the device; the device starts as {.descriptor = ...}.
 *
 *  @param creation  property list of the file, or H5P_DEFAULT
 *  @return the file, or negative; cvz_hdf5_driver_close is due in both cases */
hid_t cvz_hdf5_driver_create(cvz_hdf5_device *device, hid_t creation);

/** Closes the file, at the size that its datasets need. This succeeds even if the disk is full: `device->code` tells.
 *  @return negative if HDF5 failed for another reason, or `file` is negative */
herr_t cvz_hdf5_driver_close(cvz_hdf5_device *device, hid_t file);

#endif
