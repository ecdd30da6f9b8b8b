#include "store/layer_read.h"

#include <hdf5.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define RANK_MAX        4
#define ATTRIBUTES_MAX  256
#define FORMAT_VERSIONS 1

struct cvz_layer_read {
  char path[PATH_MAX], stem[256];
  hid_t file, filters, status, loss, tiles, raw; /* negative: not open; raw: not kept */
  cvz_layer_file_info info;
  int *numbers;
  cvz_attribute *attributes;
  uint8_t *tile;
  float *losses, *image;
  char *label_text;    /* all of them, each ended by 0 */
  const char **labels; /* NULL: the layer has none */
};

static cvz_status refuse(const cvz_layer_read *read, const char *what, cvz_error *error)
{
  return cvz_fail(error, CVZ_E_FORMAT, "read '%s': %s, expected a layer as this program writes it", read->path, what);
}

/* The text of a variable-length string attribute, to be freed; NULL if there is none. */
static char *text_value(hid_t attribute)
{
  char *stored = NULL, *text = NULL;
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  if (H5Aread(attribute, type, &stored) >= 0 && stored) text = strdup(stored);
  if (stored) H5free_memory(stored);
  H5Tclose(type);
  return text;
}

static bool read_value(hid_t attribute, cvz_attribute *item)
{
  const hid_t type = H5Aget_type(attribute);
  const H5T_class_t class = H5Tget_class(type);
  const bool variable = H5Tis_variable_str(type) > 0;
  H5Tclose(type);
  if (class == H5T_INTEGER) {
    item->kind = CVZ_ATTRIBUTE_INTEGER;
    return H5Aread(attribute, H5T_NATIVE_INT64, &item->integer) >= 0;
  }
  if (class == H5T_FLOAT) {
    item->kind = CVZ_ATTRIBUTE_REAL;
    return H5Aread(attribute, H5T_NATIVE_DOUBLE, &item->real) >= 0;
  }
  item->kind = CVZ_ATTRIBUTE_TEXT;
  item->text = variable ? text_value(attribute) : NULL;
  return item->text;
}

/* For H5Aiterate2. */
static herr_t take_attribute(hid_t object, const char *name, const H5A_info_t *about, void *context)
{
  cvz_layer_read *read = context;
  (void)about;
  if (read->info.attribute_count == ATTRIBUTES_MAX) return -1;
  cvz_attribute *item = &read->attributes[read->info.attribute_count++];
  *item = (cvz_attribute){.key = strdup(name), .kind = CVZ_ATTRIBUTE_INTEGER};
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const bool good = item->key && attribute >= 0 && read_value(attribute, item);
  if (attribute >= 0) H5Aclose(attribute);
  return good ? 0 : -1;
}

static void forget_attribute(const cvz_attribute *item)
{
  if (item->kind == CVZ_ATTRIBUTE_TEXT) free((char *)item->text);
  free((char *)item->key);
}

/* The two that say what kind of file it is; takes them out of the list. */
static bool take_format(cvz_layer_read *read)
{
  if (read->info.attribute_count < 2) return false;
  cvz_attribute *a = read->attributes;
  const bool good = !strcmp(a[0].key, "format") && a[0].kind == CVZ_ATTRIBUTE_TEXT &&
                    !strcmp(a[0].text, "convviz-mpi layer") && !strcmp(a[1].key, "format_version") &&
                    a[1].kind == CVZ_ATTRIBUTE_INTEGER && a[1].integer <= FORMAT_VERSIONS;
  if (!good) return false;
  forget_attribute(&a[0]);
  forget_attribute(&a[1]);
  read->info.attribute_count -= 2;
  memmove(a, a + 2, (size_t)read->info.attribute_count * sizeof *a);
  return true;
}

/* In the order in which they were written: this kind of file keeps it, sorting by name would lose it. */
static cvz_status read_attributes(cvz_layer_read *read, cvz_error *error)
{
  hsize_t start = 0;
  read->attributes = cvz_array(ATTRIBUTES_MAX, sizeof *read->attributes, error);
  if (!read->attributes) return CVZ_E_MEMORY;
  read->info.attributes = read->attributes;
  if (H5Aiterate2(read->file, H5_INDEX_NAME, H5_ITER_NATIVE, &start, take_attribute, read) < 0 || !take_format(read))
    return refuse(read, "its attributes are others", error);
  return CVZ_OK;
}

/* Opens a dataset of `rank` dimensions; its lengths, all from 0 to INT_MAX, in `shape`. */
static bool open_dataset(hid_t *dataset, hid_t file, const char *name, int rank, int shape[RANK_MAX])
{
  hsize_t lengths[RANK_MAX];
  *dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (*dataset < 0) return false;
  const hid_t space = H5Dget_space(*dataset);
  bool good = H5Sget_simple_extent_ndims(space) == rank && H5Sget_simple_extent_dims(space, lengths, NULL) == rank;
  for (int i = 0; good && i < rank; i++) {
    good = lengths[i] <= INT_MAX;
    shape[i] = (int)lengths[i];
  }
  H5Sclose(space);
  return good;
}

static bool open_datasets(cvz_layer_read *read)
{
  cvz_layer_file_info *info = &read->info;
  int n[RANK_MAX], loss[RANK_MAX], tiles[RANK_MAX], raw[RANK_MAX], status[RANK_MAX];
  if (!open_dataset(&read->filters, read->file, "filters", 1, n) ||
      !open_dataset(&read->status, read->file, "status", 1, status) ||
      !open_dataset(&read->loss, read->file, "loss", 2, loss) ||
      !open_dataset(&read->tiles, read->file, "tiles", 4, tiles))
    return false;
  info->count = n[0], info->steps = loss[1];
  info->tile_height = tiles[1], info->tile_width = tiles[2], info->channels = tiles[3];
  if (n[0] < 1 || status[0] != n[0] || loss[0] != n[0] || tiles[0] != n[0]) return false;
  info->keep_raw = H5Lexists(read->file, "raw", H5P_DEFAULT) > 0;
  if (!info->keep_raw) return true;
  if (!open_dataset(&read->raw, read->file, "raw", 4, raw)) return false;
  info->raw_height = raw[1], info->raw_width = raw[2], info->raw_channels = raw[3];
  return raw[0] == n[0];
}

static cvz_status make_room(cvz_layer_read *read, cvz_error *error)
{
  const cvz_layer_file_info *info = &read->info;
  const size_t row = (size_t)info->tile_width * (size_t)info->channels;
  const size_t raw_row = (size_t)info->raw_width * (size_t)info->raw_channels * sizeof(float);
  read->numbers = cvz_array((size_t)info->count, sizeof *read->numbers, error);
  read->tile = cvz_array((size_t)info->tile_height, row, error);
  read->losses = cvz_array((size_t)info->steps, sizeof *read->losses, error);
  if (info->keep_raw) read->image = cvz_array((size_t)info->raw_height, raw_row, error);
  if (!read->numbers || !read->tile || !read->losses || (info->keep_raw && !read->image)) return CVZ_E_MEMORY;
  read->info.filters = read->numbers;
  return CVZ_OK;
}

/* Texts of one length, without the end that C wants. */
static bool read_labels(cvz_layer_read *read, cvz_error *error)
{
  int shape[RANK_MAX];
  hid_t labels;
  if (H5Lexists(read->file, "labels", H5P_DEFAULT) <= 0) return true;
  if (!open_dataset(&labels, read->file, "labels", 1, shape)) return false;
  const hid_t stored = H5Dget_type(labels), wanted = H5Tcopy(stored);
  const size_t length = H5Tget_size(stored) + 1;
  bool good = shape[0] == read->info.count && H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0 &&
              H5Tset_size(wanted, length) >= 0 && H5Tset_strpad(wanted, H5T_STR_NULLTERM) >= 0;
  if (good) read->label_text = cvz_array((size_t)shape[0], length, error);
  if (good) read->labels = cvz_array((size_t)shape[0], sizeof *read->labels, error);
  good =
      read->label_text && read->labels && H5Dread(labels, wanted, H5S_ALL, H5S_ALL, H5P_DEFAULT, read->label_text) >= 0;
  for (int i = 0; good && i < shape[0]; i++) read->labels[i] = read->label_text + (size_t)i * length;
  read->info.labels = read->labels;
  H5Tclose(wanted);
  H5Tclose(stored);
  H5Dclose(labels);
  return good;
}

static cvz_status load(cvz_layer_read *read, cvz_error *error)
{
  read->file = H5Fopen(read->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (read->file < 0) return refuse(read, "not readable as HDF5", error);
  CVZ_TRY(read_attributes(read, error));
  if (!open_datasets(read)) return refuse(read, "its datasets are others", error);
  CVZ_TRY(make_room(read, error));
  if (H5Dread(read->filters, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, read->numbers) < 0)
    return refuse(read, "not readable", error);
  return read_labels(read, error) ? CVZ_OK : refuse(read, "its labels are others", error);
}

cvz_status cvz_layer_read_open(cvz_layer_read **read, const char *directory, const char *stem, cvz_error *error)
{
  cvz_layer_read *opened = cvz_array(1, sizeof *opened, error);
  cvz_status status;
  if (!opened) return CVZ_E_MEMORY;
  opened->file = opened->filters = opened->status = opened->loss = opened->tiles = opened->raw = -1;
  snprintf(opened->path, sizeof opened->path, "%s/layers/%s.h5", directory, stem);
  snprintf(opened->stem, sizeof opened->stem, "%s", stem);
  opened->info.stem = opened->stem;
  H5E_BEGIN_TRY
  {
    status = load(opened, error);
  }
  H5E_END_TRY
  if (status == CVZ_OK)
    *read = opened;
  else
    cvz_layer_read_close(opened);
  return status;
}

void cvz_layer_read_close(cvz_layer_read *read)
{
  if (!read) return;
  const hid_t datasets[] = {read->filters, read->status, read->loss, read->tiles, read->raw};
  for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++)
    if (datasets[i] >= 0) H5Dclose(datasets[i]);
  if (read->file >= 0) H5Fclose(read->file);
  for (int i = 0; i < read->info.attribute_count; i++) forget_attribute(&read->attributes[i]);
  free(read->attributes);
  free(read->numbers);
  free(read->tile);
  free(read->losses);
  free(read->image);
  free(read->labels);
  free(read->label_text);
  free(read);
}

const cvz_layer_file_info *cvz_layer_read_info(const cvz_layer_read *read)
{
  return &read->info;
}

/* Reads row `index` of a dataset, in the machine's byte order. */
static bool read_row(hid_t dataset, hid_t type, int rank, int index, void *data)
{
  hsize_t start[RANK_MAX] = {(hsize_t)index}, count[RANK_MAX], all = 1;
  const hid_t space = H5Dget_space(dataset);
  H5Sget_simple_extent_dims(space, count, NULL);
  count[0] = 1;
  for (int i = 1; i < rank; i++) all *= count[i];
  const hid_t memory = H5Screate_simple(1, &all, NULL);
  const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                    H5Dread(dataset, type, memory, space, H5P_DEFAULT, data) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  return good;
}

/* The enumeration has one byte; HDF5 converts none of it. */
static bool read_status(const cvz_layer_read *read, int index, cvz_unit_status *unit_status)
{
  uint8_t value = 0;
  const hid_t type = H5Dget_type(read->status);
  const bool good = H5Tget_size(type) == 1 && read_row(read->status, type, 1, index, &value);
  H5Tclose(type);
  *unit_status = (cvz_unit_status)value;
  return good && value < CVZ_UNIT_STATUSES;
}

cvz_status cvz_layer_read_unit(cvz_layer_read *read, int index, cvz_result *result, cvz_error *error)
{
  *result = (cvz_result){.filter = read->numbers[index], .tile = read->tile, .loss = read->losses, .raw = read->image};
  bool good;
  H5E_BEGIN_TRY
  {
    good = read_status(read, index, &result->status) && read_row(read->tiles, H5T_NATIVE_UINT8, 4, index, read->tile) &&
           read_row(read->loss, H5T_NATIVE_FLOAT, 2, index, read->losses) &&
           (!read->image || read_row(read->raw, H5T_NATIVE_FLOAT, 4, index, read->image));
  }
  H5E_END_TRY
  return good ? CVZ_OK : refuse(read, "not readable", error);
}

cvz_status cvz_layer_read_summary(cvz_layer_read *read, cvz_layer_summary *summary, cvz_error *error)
{
  *summary = cvz_layer_summary_empty();
  for (int i = 0; i < read->info.count; i++) {
    cvz_unit_status status = CVZ_UNIT_MISSING;
    if (!read_status(read, i, &status) || !read_row(read->loss, H5T_NATIVE_FLOAT, 2, i, read->losses))
      return refuse(read, "not readable", error);
    cvz_layer_summary_add(summary, read->numbers[i], status, cvz_result_last_loss(read->losses, read->info.steps));
  }
  return CVZ_OK;
}
