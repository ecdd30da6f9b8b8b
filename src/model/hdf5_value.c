/* The values of weights. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/hdf5_file.h"

#define NUMBER_MAX  16   /* bytes of a number */
#define PACKED_MOST 1100 /* numbers in a byte of a file: zlib's best is 1032 bytes to one */

static bool same_dims(hid_t dataset, int rank, const int *dims)
{
  hsize_t found[H5S_MAX_RANK];
  const hid_t space = H5Dget_space(dataset);
  bool same = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL &&
              H5Sget_simple_extent_dims(space, found, NULL) == rank;
  for (int i = 0; same && i < rank; i++) same = found[i] == (hsize_t)dims[i];
  if (space >= 0) H5Sclose(space);
  return same;
}

/* How the numbers of a dataset are read. NumPy, and so h5py, has no bfloat16 of its own: its two bytes are opaque. */
typedef enum number { NO_NUMBER, CONVERTED, BFLOAT16 } number;

static number number_of(hid_t type)
{
  const H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
  const size_t bytes = type >= 0 ? H5Tget_size(type) : 0;
  if (class == H5T_OPAQUE && bytes == sizeof(uint16_t)) return BFLOAT16;
  return (class == H5T_FLOAT || class == H5T_INTEGER) && bytes <= NUMBER_MAX ? CONVERTED : NO_NUMBER;
}

/* The upper half of a float32 each, little-endian. They are read into the second half of `values`. */
static herr_t read_bfloat16(hid_t dataset, hid_t type, float *values, size_t count)
{
  unsigned char *halves = (unsigned char *)values + count * sizeof(uint16_t);
  if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, halves) < 0) return -1;
  for (size_t i = 0; i < count; i++) {
    const uint32_t bits = (uint32_t)halves[2 * i] << 16 | (uint32_t)halves[2 * i + 1] << 24;
    memcpy(&values[i], &bits, sizeof bits);
  }
  return 0;
}

/* Reads all `count` values; negative on failure. */
static herr_t read_numbers(hid_t dataset, float *values, size_t count)
{
  herr_t result = -1;
  const hid_t type = H5Dget_type(dataset);
  const number kind = number_of(type);
  if (kind == CONVERTED)
    result = H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  else if (kind == BFLOAT16)
    result = read_bfloat16(dataset, type, values, count);
  if (type >= 0) H5Tclose(type);
  return result;
}

static bool is_numeric(hid_t dataset)
{
  const hid_t type = H5Dget_type(dataset);
  const number kind = number_of(type);
  if (type >= 0) H5Tclose(type);
  return kind != NO_NUMBER;
}

/* Values in the file itself, and not in others that it names. */
static bool is_inside(hid_t dataset)
{
  const hid_t list = H5Dget_create_plist(dataset);
  const bool inside = list >= 0 && H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_external_count(list) <= 0;
  if (list >= 0) H5Pclose(list);
  return inside;
}

static cvz_status read_values(const cvz_hdf5 *f, hid_t dataset, const char *name, int rank, const int *dims,
                              float *values, cvz_error *error)
{
  CVZ_REQUIRE(dataset >= 0, error, CVZ_E_FORMAT, "%s: has no weight '%s'", f->name, name);
  CVZ_REQUIRE(same_dims(dataset, rank, dims), error, CVZ_E_FORMAT, "%s: weight '%s' has another shape than at first",
              f->name, name);
  CVZ_REQUIRE(is_numeric(dataset), error, CVZ_E_FORMAT, "%s: weight '%s' has no numbers, expected some", f->name, name);
  CVZ_REQUIRE(is_inside(dataset), error, CVZ_E_UNSUPPORTED,
              "%s: weight '%s' is kept in another file, expected the values here", f->name, name);
  size_t count = 1;
  for (int i = 0; i < rank; i++) count *= (size_t)dims[i];
  CVZ_REQUIRE(read_numbers(dataset, values, count) >= 0, error, CVZ_E_FORMAT,
              "%s: weight '%s' cannot be read: the file is damaged or truncated", f->name, name);
  return CVZ_OK;
}

cvz_status cvz_hdf5_read(cvz_hdf5 *f, const char *name, int rank, const int *dims, float *values, cvz_error *error)
{
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  const hid_t dataset = H5Dopen2(f->weights, name, f->access[1]);
  const cvz_status status = read_values(f, dataset, name, rank, dims, values, error);
  if (dataset >= 0) H5Dclose(dataset);
  cvz_hdf5_unhush(before);
  return status;
}

/* ---- The rehearsal */

/* Values that the library only copies: as they are, in one piece. */
static bool is_plain(hid_t dataset)
{
  const hid_t list = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
  const bool plain = list >= 0 && H5Pget_layout(list) == H5D_CONTIGUOUS && H5Tequal(type, H5T_IEEE_F32LE) > 0;
  if (type >= 0) H5Tclose(type);
  if (list >= 0) H5Pclose(list);
  return plain;
}

/* Reads values that the library has to find, unpack or convert; not more of them than the file can hold, for damage may
 * have made them many. */
static void rehearse_values(const cvz_hdf5 *f, hid_t dataset)
{
  const hid_t space = H5Dget_space(dataset);
  const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
  if (space >= 0) H5Sclose(space);
  hsize_t bytes;
  if (is_plain(dataset) || H5Fget_filesize(f->file, &bytes) < 0 || count <= 0 || (hsize_t)count / PACKED_MOST > bytes)
    return;
  float *values = malloc((size_t)count * sizeof *values);
  if (values && is_inside(dataset)) read_numbers(dataset, values, (size_t)count);
  free(values);
}

static void rehearse_weights(const cvz_hdf5 *f, const json_t *index)
{
  size_t i, j;
  const json_t *layer, *weight;
  json_array_foreach(index, i, layer)
  {
    json_array_foreach(json_object_get(layer, "weights"), j, weight)
    {
      const hid_t dataset = H5Dopen2(f->weights, json_string_value(json_object_get(weight, "name")), f->access[1]);
      if (dataset < 0) continue;
      rehearse_values(f, dataset);
      H5Dclose(dataset);
    }
  }
}

void cvz_hdf5_rehearse(cvz_hdf5 *f)
{
  json_t *index;
  if (cvz_hdf5_index(f, &index, NULL) != CVZ_OK) return;
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  rehearse_weights(f, index);
  cvz_hdf5_unhush(before);
  json_decref(index);
}
