#include "model/hdf5.h"

#include <stdlib.h>

#include "base/memory.h"
#include "model/hdf5_file.h"
#include "model/hdf5_text.h"
#include "model/heap.h"

cvz_hdf5_silence cvz_hdf5_hush(void)
{
  cvz_hdf5_silence before = {0};
  H5dont_atexit(); /* after a damaged file the library (1.10.8) prints "infinite loop closing library" when it exits */
  H5Eget_auto2(H5E_DEFAULT, &before.report, &before.data);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  return before;
}

void cvz_hdf5_unhush(cvz_hdf5_silence before)
{
  H5Eset_auto2(H5E_DEFAULT, before.report, before.data);
}

/* A model must not reach for other files. */
static herr_t refuse_link(const char *parent_file, const char *parent_group, const char *file, const char *object,
                          unsigned *flags, hid_t access, void *data)
{
  (void)parent_file, (void)parent_group, (void)file, (void)object, (void)flags, (void)access, (void)data;
  return -1;
}

static hid_t open_file(const char *path)
{
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0)) || H5_VERSION_GE(1, 12, 1)
  H5Pset_file_locking(access, 0, 1); /* many clusters' file systems have no locks */
#endif
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return file;
}

static bool has_paths(hid_t group)
{
  return H5Lexists(group, "layers", H5P_DEFAULT) > 0 || H5Lexists(group, CVZ_CHECKPOINT_GROUP, H5P_DEFAULT) > 0;
}

static cvz_status open_weights(cvz_hdf5 *f, bool archived, cvz_error *error)
{
  const char *group = f->config ? "model_weights" : "/";
  f->weights = H5Gopen2(f->file, group, f->access[0]);
  CVZ_REQUIRE(f->weights >= 0, error, CVZ_E_FORMAT, "%s: has no group %s, expected the weights there", f->name, group);
  f->by_paths = archived || !cvz_hdf5_texts_there(f->weights, "layer_names");
  if (!f->by_paths || (!f->config && has_paths(f->weights))) return CVZ_OK;
  CVZ_REQUIRE(!archived, error, CVZ_E_FORMAT, "%s: has no group 'layers', expected the weights there", f->name);
  return cvz_fail(error, CVZ_E_FORMAT,
                  "%s: has no model_config and no layer_names, nor a group 'layers', expected what Keras saves",
                  f->name);
}

/* The library's own sizes of addresses and lengths in the file, which the check of the heap takes for granted. */
static bool has_usual_sizes(hid_t file)
{
  size_t addresses = 0, lengths = 0;
  const hid_t list = H5Fget_create_plist(file);
  if (list < 0) return false;
  H5Pget_sizes(list, &addresses, &lengths);
  H5Pclose(list);
  return addresses == 8 && lengths == 8;
}

static cvz_status open_all(cvz_hdf5 *f, const char *path, bool archived, cvz_error *error)
{
  CVZ_TRY(cvz_heap_check(path, f->name, error));
  f->access[0] = H5Pcreate(H5P_GROUP_ACCESS);
  f->access[1] = H5Pcreate(H5P_DATASET_ACCESS);
  CVZ_REQUIRE(f->access[0] >= 0 && f->access[1] >= 0, error, CVZ_E_MEMORY, "memory: no room to open %s", f->name);
  for (int i = 0; i < 2; i++) H5Pset_elink_cb(f->access[i], refuse_link, NULL);
  f->file = archived ? cvz_hdf5_image_open(&f->image, path) : open_file(path);
  CVZ_REQUIRE(f->file >= 0, error, CVZ_E_FORMAT, "%s: is truncated or damaged, expected a complete HDF5 file", f->name);
  CVZ_REQUIRE(has_usual_sizes(f->file), error, CVZ_E_UNSUPPORTED,
              "%s: has addresses or lengths that are not 8 bytes, as HDF5 for Keras has", f->name);
  if (!archived) {
    CVZ_TRY(cvz_hdf5_text(f->name, f->file, "model_config", &f->config, error));
    CVZ_TRY(cvz_hdf5_text(f->name, f->file, "keras_version", &f->version, error));
  }
  return open_weights(f, archived, error);
}

void cvz_hdf5_close(cvz_hdf5 *f)
{
  if (!f) return;
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  if (f->weights >= 0) H5Gclose(f->weights);
  if (f->file >= 0) H5Fclose(f->file);
  for (int i = 0; i < 2; i++)
    if (f->access[i] >= 0) H5Pclose(f->access[i]);
  cvz_hdf5_image_close(&f->image);
  cvz_hdf5_unhush(before);
  free(f->config);
  free(f->version);
  free(f->name);
  free(f);
}

cvz_status cvz_hdf5_open(cvz_hdf5 **file, const char *path, const char *name, bool archived, cvz_error *error)
{
  *file = NULL;
  cvz_hdf5 *f = cvz_array(1, sizeof *f, error);
  if (!f) return CVZ_E_MEMORY;
  f->file = f->weights = f->access[0] = f->access[1] = -1;
  f->name = cvz_copy_text(name, error);
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  const cvz_status status = f->name ? open_all(f, path, archived, error) : CVZ_E_MEMORY;
  cvz_hdf5_unhush(before);
  if (status == CVZ_OK)
    *file = f;
  else
    cvz_hdf5_close(f);
  return status;
}

const char *cvz_hdf5_config(const cvz_hdf5 *f)
{
  return f->config;
}

const char *cvz_hdf5_version(const cvz_hdf5 *f)
{
  return f->version;
}

bool cvz_hdf5_by_paths(const cvz_hdf5 *f)
{
  return f->by_paths;
}
