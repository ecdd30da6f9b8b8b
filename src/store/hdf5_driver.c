/* The library's own driver hands a failed write up to H5Fclose, which then leaves a file that can neither be closed nor
 * forgotten: in 1.10.8 the library's clean-up at exit crashes on it. It also hides errno. This driver notes the first
 * errno and answers that all is well, so that HDF5 always comes to its end. */
#include "store/hdf5_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

typedef struct driver_file {
  H5FD_t base; /* must be first */
  cvz_hdf5_device *device;
  haddr_t allocated, written; /* ends, in bytes */
} driver_file;

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access, haddr_t largest)
{
  (void)name, (void)flags, (void)largest;
  cvz_hdf5_device *const *device = H5Pget_driver_info(access);
  driver_file *file = device ? calloc(1, sizeof *file) : NULL;
  if (file) file->device = *device;
  return (H5FD_t *)file;
}

/* Takes the space now where the file system can: a full disk is better told before the layer is computed than after. */
static int reserve(int descriptor, off_t bytes)
{
  if (!bytes || !fallocate(descriptor, 0, 0, bytes)) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR) return errno;
  return ftruncate(descriptor, bytes) ? errno : 0;
}

static herr_t close_file(H5FD_t *base)
{
  driver_file *file = (driver_file *)base;
  cvz_hdf5_device *device = file->device;
  if (!device->code) device->code = reserve(device->descriptor, (off_t)file->allocated);
  free(file);
  return 0;
}

static haddr_t get_allocated(const H5FD_t *base, H5FD_mem_t type)
{
  (void)type;
  return ((const driver_file *)base)->allocated;
}

static herr_t set_allocated(H5FD_t *base, H5FD_mem_t type, haddr_t end)
{
  (void)type;
  ((driver_file *)base)->allocated = end;
  return 0;
}

static haddr_t get_written(const H5FD_t *base, H5FD_mem_t type)
{
  (void)type;
  return ((const driver_file *)base)->written;
}

static herr_t read_bytes(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t bytes, void *data)
{
  (void)type, (void)transfer;
  cvz_hdf5_device *device = ((driver_file *)base)->device;
  char *next = data;
  while (bytes) {
    const ssize_t count = pread(device->descriptor, next, bytes, (off_t)address);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && !device->code) device->code = errno;
    if (count <= 0) break;
    next += count, address += (haddr_t)count, bytes -= (size_t)count;
  }
  memset(next, 0, bytes); /* what was never written is 0 */
  return 0;
}

static herr_t write_bytes(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t bytes,
                          const void *data)
{
  (void)type, (void)transfer;
  driver_file *file = (driver_file *)base;
  cvz_hdf5_device *device = file->device;
  const char *next = data;
  if (address + bytes > file->written) file->written = address + bytes;
  while (bytes && !device->code) {
    const ssize_t count = pwrite(device->descriptor, next, bytes, (off_t)address);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return device->code = errno, 0;
    next += count, address += (haddr_t)count, bytes -= (size_t)count;
  }
  return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)300, /* 256-511 are for drivers that are not registered */
#endif
    .name = "convviz",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(cvz_hdf5_device *),
    .open = open_file,
    .close = close_file,
    .get_eoa = get_allocated,
    .set_eoa = set_allocated,
    .get_eof = get_written,
    .read = read_bytes,
    .write = write_bytes,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

hid_t cvz_hdf5_driver_create(cvz_hdf5_device *device, hid_t creation)
{
  hid_t file = H5I_INVALID_HID;
  device->driver = H5FDregister(&driver);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (device->driver >= 0 && access >= 0 && H5Pset_driver(access, device->driver, &device) >= 0)
    file = H5Fcreate("layer", H5F_ACC_TRUNC, creation, access);
  if (access >= 0) H5Pclose(access);
  return file;
}

/* The driver goes last: H5Fclose still looks at it after it has given up its own reference. */
herr_t cvz_hdf5_driver_close(cvz_hdf5_device *device, hid_t file)
{
  const herr_t closed = file >= 0 ? H5Fclose(file) : -1;
  if (device->driver >= 0) H5FDunregister(device->driver);
  return closed;
}
