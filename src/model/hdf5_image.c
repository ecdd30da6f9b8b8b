/* HDF5's core driver gets the image through functions of ours for memory, which hand it the same pages each time, as
 * H5LTopen_file_image does for H5LT_FILE_IMAGE_DONT_COPY. Opened for reading it never writes to them. */
#include "model/hdf5_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define INCREMENT ((size_t)1 << 16) /* by which the driver would make a file grow */

static void *give(size_t bytes, H5FD_file_image_op_t operation, void *image)
{
  (void)operation;
  return bytes == ((cvz_hdf5_image *)image)->bytes ? ((cvz_hdf5_image *)image)->data : NULL;
}

static void *copy(void *to, const void *from, size_t bytes, H5FD_file_image_op_t operation, void *image)
{
  (void)from, (void)bytes, (void)operation, (void)image;
  return to;
}

static void *resize(void *data, size_t bytes, H5FD_file_image_op_t operation, void *image)
{
  (void)data, (void)bytes, (void)operation, (void)image;
  return NULL;
}

static herr_t keep(void *data, H5FD_file_image_op_t operation, void *image)
{
  (void)data, (void)operation, (void)image;
  return 0;
}

static void *same_image(void *image)
{
  return image;
}

static herr_t keep_image(void *image)
{
  (void)image;
  return 0;
}

static int map(cvz_hdf5_image *image, const char *path)
{
  struct stat info;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  void *data = MAP_FAILED;
  if (fstat(descriptor, &info) == 0 && info.st_size > 0)
    data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  close(descriptor);
  if (data == MAP_FAILED) return -1;
  *image = (cvz_hdf5_image){data, (size_t)info.st_size};
  return 0;
}

/* The driver wants a name under which there is no file, and takes equal names for one file. */
static hid_t open_name(const char *path, hid_t access)
{
  cvz_text name = {0};
  cvz_text_add(&name, "%s/image", path);
  const hid_t file = cvz_text_check(&name, NULL) == CVZ_OK ? H5Fopen(name.data, H5F_ACC_RDONLY, access) : -1;
  cvz_text_free(&name);
  return file;
}

hid_t cvz_hdf5_image_open(cvz_hdf5_image *image, const char *path)
{
  H5FD_file_image_callbacks_t memory = {give, copy, resize, keep, same_image, keep_image, image};
  if (map(image, path) < 0) return -1;
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = -1;
  if (H5Pset_fapl_core(access, INCREMENT, 0) >= 0 && H5Pset_file_image_callbacks(access, &memory) >= 0 &&
      H5Pset_file_image(access, image->data, image->bytes) >= 0)
    file = open_name(path, access);
  H5Pclose(access);
  return file;
}

void cvz_hdf5_image_close(cvz_hdf5_image *image)
{
  if (image->data) munmap(image->data, image->bytes);
  *image = (cvz_hdf5_image){0};
}
