#include "app/array_file.h"

#include "base/trial.h"

#define REHEARSAL_SECONDS 20 /* of processor time */

bool cvz_array_file_is(const char *path)
{
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  return H5Fis_hdf5(path) > 0;
}

/* What read_here is called with. */
typedef struct request {
  const char *key, *path;
  cvz_array_file_reader read;
  void *context;
} request;

static cvz_status read_here(const request *r, cvz_error *error)
{
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t file = H5Fopen(r->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  CVZ_REQUIRE(file >= 0, error, CVZ_E_FORMAT, "%s %s: cannot be read, expected an HDF5 file", r->key, r->path);
  const cvz_status status = r->read(file, r->path, r->context, error);
  H5Fclose(file);
  return status;
}

static void rehearse(void *context)
{
  read_here(context, NULL);
}

cvz_status cvz_array_file_read(const char *key, const char *path, cvz_array_file_reader read, void *context,
                               cvz_error *error)
{
  request r = {key, path, read, context};
  CVZ_REQUIRE(cvz_trial(rehearse, &r, REHEARSAL_SECONDS), error, CVZ_E_FORMAT,
              "%s %s: is damaged, expected a sound HDF5 file: the library fails on it", key, path);
  return read_here(&r, error);
}
