#include "app/directions.h"

#include <limits.h>

#include "app/array_file.h"
#include "base/file.h"
#include "base/memory.h"

static cvz_status read_dataset(cvz_directions *d, hid_t set, const char *path, cvz_error *error)
{
  hsize_t dims[2] = {1, 1};
  size_t numbers = 0;
  const hid_t space = H5Dget_space(set);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank == 1 || rank == 2) H5Sget_simple_extent_dims(space, dims + 2 - rank, NULL);
  H5Sclose(space);
  CVZ_REQUIRE(rank == 1 || rank == 2, error, CVZ_E_FORMAT,
              "directions %s: dataset 'directions' has %d dimensions, expected (count, channels) or (channels)", path,
              rank);
  CVZ_REQUIRE(dims[0] <= INT_MAX && dims[1] <= INT_MAX && cvz_size_mul(&numbers, dims[0], dims[1]) &&
                  numbers <= CVZ_DIRECTIONS_LIMIT / sizeof(float),
              error, CVZ_E_FORMAT, "directions %s: dataset 'directions' is too large", path);
  d->count = (int)dims[0], d->channels = (int)dims[1];
  d->values = cvz_array(numbers, sizeof *d->values, error);
  if (!d->values) return CVZ_E_MEMORY;
  CVZ_REQUIRE(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, d->values) >= 0, error, CVZ_E_FORMAT,
              "directions %s: dataset 'directions' cannot be read as numbers", path);
  return CVZ_OK;
}

static cvz_status read_hdf5(hid_t file, const char *path, void *directions, cvz_error *error)
{
  const hid_t set = H5Dopen2(file, "directions", H5P_DEFAULT);
  CVZ_REQUIRE(set >= 0, error, CVZ_E_FORMAT, "directions %s: no dataset 'directions', expected one of numbers", path);
  const cvz_status status = read_dataset(directions, set, path, error);
  H5Dclose(set);
  return status;
}

static cvz_status read_text(cvz_directions *d, const char *path, cvz_error *error)
{
  cvz_text text = {0};
  cvz_status status = cvz_file_read(path, CVZ_DIRECTIONS_LIMIT, &text, error);
  if (status == CVZ_OK) status = cvz_directions_parse(d, text.data ? text.data : "", path, error);
  cvz_text_free(&text);
  return status;
}

static cvz_status read_file(cvz_directions *d, const char *path, cvz_error *error)
{
  if (cvz_array_file_is(path))
    CVZ_TRY(cvz_array_file_read("directions", path, read_hdf5, d, error));
  else
    CVZ_TRY(read_text(d, path, error));
  return cvz_directions_check(d, path, error);
}

cvz_status cvz_directions_share(cvz_directions *directions, cvz_comm *comm, const char *path, cvz_error *error)
{
  const bool root = cvz_comm_rank(comm) == 0;
  *directions = (cvz_directions){0};
  CVZ_TRY(cvz_comm_agree(comm, root ? read_file(directions, path, error) : CVZ_OK, error));
  float *values = directions->values;
  cvz_comm_share_bytes(comm, directions, sizeof *directions);
  directions->values = values;
  const size_t count = (size_t)directions->count * (size_t)directions->channels;
  return cvz_comm_share_floats(comm, &directions->values, count, CVZ_OK, error);
}
