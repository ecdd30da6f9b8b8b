#include "store/layer_read.h"

#include <hdf5.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/climb.h"
#include "base/file.h"
#include "base/memory.h"

#define RANK_MAX        4
#define ATTRIBUTES_MAX  256
#define FORMAT_VERSIONS 1

/* The datasets of the best picture or of a repeat, and room for a row of each. */
typedef struct picture_sets {
  hid_t status, repeat, attempt, score, loss, tiles, raw; /* not positive: not open; raw: not kept */
  uint8_t *tile;
  float *losses, *image;
} picture_sets;

struct cvz_layer_read {
  char path[PATH_MAX], stem[256];
  hid_t file, filters, noise_mean, noise_deviation; /* not positive: not open */
  picture_sets best, *repeats;
  cvz_result *results; /* of the repeats */
  char (*name_texts)[CVZ_CLIMB_NAME];
  const char **names; /* of the repeats */
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

/* One number a filter. */
static bool open_numbers(hid_t *dataset, hid_t file, const char *name, int count)
{
  int shape[RANK_MAX];
  return open_dataset(dataset, file, name, 1, shape) && shape[0] == count;
}

static bool open_pictures(picture_sets *sets, hid_t group, cvz_layer_file_info *info)
{
  int loss[RANK_MAX], tiles[RANK_MAX], raw[RANK_MAX];
  if (!open_numbers(&sets->status, group, "status", info->count) ||
      !open_numbers(&sets->repeat, group, "repeat", info->count) ||
      !open_numbers(&sets->attempt, group, "attempt", info->count) ||
      !open_numbers(&sets->score, group, "score", info->count) || !open_dataset(&sets->loss, group, "loss", 2, loss) ||
      !open_dataset(&sets->tiles, group, "tiles", 4, tiles))
    return false;
  info->steps = loss[1];
  info->tile_height = tiles[1], info->tile_width = tiles[2], info->channels = tiles[3];
  if (loss[0] != info->count || tiles[0] != info->count) return false;
  info->keep_raw = H5Lexists(group, "raw", H5P_DEFAULT) > 0;
  if (!info->keep_raw) return true;
  if (!open_dataset(&sets->raw, group, "raw", 4, raw)) return false;
  info->raw_height = raw[1], info->raw_width = raw[2], info->raw_channels = raw[3];
  return raw[0] == info->count;
}

static cvz_status make_room(picture_sets *sets, const cvz_layer_file_info *info, cvz_error *error)
{
  const size_t row = (size_t)info->tile_width * (size_t)info->channels;
  const size_t raw_row = (size_t)info->raw_width * (size_t)info->raw_channels * sizeof(float);
  sets->tile = cvz_array((size_t)info->tile_height, row, error);
  sets->losses = cvz_array((size_t)info->steps, sizeof *sets->losses, error);
  if (info->keep_raw) sets->image = cvz_array((size_t)info->raw_height, raw_row, error);
  return sets->tile && sets->losses && (sets->image || !info->keep_raw) ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status load_pictures(const cvz_layer_read *read, picture_sets *sets, hid_t group, cvz_layer_file_info *info,
                                cvz_error *error)
{
  if (!open_pictures(sets, group, info)) return refuse(read, "its datasets are others", error);
  return make_room(sets, info, error);
}

static int count_repeats(hid_t file)
{
  H5G_info_t info = {0};
  const bool known =
      H5Lexists(file, "variants", H5P_DEFAULT) > 0 && H5Gget_info_by_name(file, "variants", &info, H5P_DEFAULT) >= 0;
  return known && info.nlinks <= INT_MAX ? (int)info.nlinks : 0;
}

static bool has_variant(const cvz_layer_read *read, const char *name)
{
  char path[64];
  snprintf(path, sizeof path, "variants/%s", name);
  return H5Lexists(read->file, path, H5P_DEFAULT) > 0;
}

/* In the order of cvz_climb_variants. */
static bool name_variants(cvz_layer_read *read, int count)
{
  cvz_climb_settings settings = {.keep = true};
  char name[CVZ_CLIMB_NAME] = "repeat_0";
  while (has_variant(read, name)) snprintf(name, sizeof name, "repeat_%d", ++settings.repeats);
  settings.negative = has_variant(read, "positive");
  settings.both = settings.negative || has_variant(read, "negative");
  settings.keep = settings.repeats > 0;
  bool known = cvz_climb_variants(&settings) == count;
  for (int i = 0; known && i < count; i++) {
    cvz_climb_variant_name(&settings, i, read->name_texts[i]);
    read->names[i] = read->name_texts[i];
    known = has_variant(read, read->names[i]);
  }
  read->info.repeat_names = read->names;
  return known;
}

/* They are as the best picture, but for their names. */
static cvz_status load_repeats(cvz_layer_read *read, cvz_error *error)
{
  const int count = count_repeats(read->file);
  cvz_layer_file_info info = read->info;
  if (!count) return CVZ_OK;
  read->repeats = cvz_array((size_t)count, sizeof *read->repeats, error);
  read->results = cvz_array((size_t)count, sizeof *read->results, error);
  read->name_texts = cvz_array((size_t)count, sizeof *read->name_texts, error);
  read->names = cvz_array((size_t)count, sizeof *read->names, error);
  if (!read->repeats || !read->results || !read->name_texts || !read->names) return CVZ_E_MEMORY;
  if (!name_variants(read, count)) return refuse(read, "its variants are others", error);
  read->info.repeats = count;
  for (int i = 0; i < count; i++) {
    char name[64];
    snprintf(name, sizeof name, "variants/%s", read->names[i]);
    const hid_t group = H5Gopen2(read->file, name, H5P_DEFAULT);
    if (group < 0) return refuse(read, "its variants are others", error);
    const cvz_status status = load_pictures(read, &read->repeats[i], group, &info, error);
    H5Gclose(group);
    CVZ_TRY(status);
    if (info.keep_raw != read->info.keep_raw || info.steps != read->info.steps)
      return refuse(read, "its variants are others", error);
  }
  return CVZ_OK;
}

static cvz_status load_numbers(cvz_layer_read *read, cvz_error *error)
{
  int n[RANK_MAX];
  if (!open_dataset(&read->filters, read->file, "filters", 1, n) || n[0] < 1)
    return refuse(read, "its datasets are others", error);
  read->info.count = n[0];
  read->info.filters = read->numbers = cvz_array((size_t)n[0], sizeof *read->numbers, error);
  if (!read->numbers) return CVZ_E_MEMORY;
  if (H5Dread(read->filters, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, read->numbers) < 0)
    return refuse(read, "not readable", error);
  if (!open_numbers(&read->noise_mean, read->file, "noise_mean", n[0]) ||
      !open_numbers(&read->noise_deviation, read->file, "noise_deviation", n[0]))
    return refuse(read, "its datasets are others", error);
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
  CVZ_TRY(load_numbers(read, error));
  CVZ_TRY(load_pictures(read, &read->best, read->file, &read->info, error));
  CVZ_TRY(load_repeats(read, error));
  return read_labels(read, error) ? CVZ_OK : refuse(read, "its labels are others", error);
}

cvz_status cvz_layer_read_open(cvz_layer_read **read, const char *directory, const char *stem, cvz_error *error)
{
  cvz_layer_read *opened = cvz_array(1, sizeof *opened, error);
  cvz_status status;
  if (!opened) return CVZ_E_MEMORY;
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

static void close_dataset(hid_t dataset)
{
  if (dataset > 0) H5Dclose(dataset);
}

static void close_pictures(picture_sets *sets)
{
  const hid_t datasets[] = {sets->status, sets->repeat, sets->attempt, sets->score, sets->loss, sets->tiles, sets->raw};
  for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++) close_dataset(datasets[i]);
  free(sets->tile);
  free(sets->losses);
  free(sets->image);
}

void cvz_layer_read_close(cvz_layer_read *read)
{
  if (!read) return;
  close_dataset(read->filters);
  close_dataset(read->noise_mean);
  close_dataset(read->noise_deviation);
  close_pictures(&read->best);
  for (int i = 0; read->repeats && i < read->info.repeats; i++) close_pictures(&read->repeats[i]);
  if (read->file > 0) H5Fclose(read->file);
  for (int i = 0; i < read->info.attribute_count; i++) forget_attribute(&read->attributes[i]);
  free(read->attributes);
  free(read->numbers);
  free(read->repeats);
  free(read->name_texts);
  free(read->names);
  free(read->results);
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
static bool read_status(const picture_sets *sets, int index, cvz_unit_status *unit_status)
{
  uint8_t value = 0;
  const hid_t type = H5Dget_type(sets->status);
  const bool good = H5Tget_size(type) == 1 && read_row(sets->status, type, 1, index, &value);
  H5Tclose(type);
  *unit_status = (cvz_unit_status)value;
  return good && value < CVZ_UNIT_STATUSES;
}

static bool read_picture(const picture_sets *sets, int index, cvz_result *result)
{
  result->tile = sets->tile, result->loss = sets->losses, result->raw = sets->image;
  return read_status(sets, index, &result->status) && read_row(sets->tiles, H5T_NATIVE_UINT8, 4, index, sets->tile) &&
         read_row(sets->loss, H5T_NATIVE_FLOAT, 2, index, sets->losses) &&
         read_row(sets->repeat, H5T_NATIVE_INT, 1, index, &result->repeat) &&
         read_row(sets->attempt, H5T_NATIVE_INT, 1, index, &result->attempt) &&
         read_row(sets->score, H5T_NATIVE_FLOAT, 1, index, &result->score) &&
         (!sets->image || read_row(sets->raw, H5T_NATIVE_FLOAT, 4, index, sets->image));
}

cvz_status cvz_layer_read_unit(cvz_layer_read *read, int index, cvz_result *result, cvz_error *error)
{
  *result = (cvz_result){.filter = read->numbers[index], .repeats = read->results};
  bool good;
  H5E_BEGIN_TRY
  {
    good = read_picture(&read->best, index, result) &&
           read_row(read->noise_mean, H5T_NATIVE_FLOAT, 1, index, &result->noise_mean) &&
           read_row(read->noise_deviation, H5T_NATIVE_FLOAT, 1, index, &result->noise_deviation);
    for (int i = 0; good && i < read->info.repeats; i++)
      good = read_picture(&read->repeats[i], index, &read->results[i]);
  }
  H5E_END_TRY
  return good ? CVZ_OK : refuse(read, "not readable", error);
}

cvz_status cvz_layer_read_summary(cvz_layer_read *read, cvz_layer_summary *summary, cvz_error *error)
{
  *summary = cvz_layer_summary_empty();
  for (int i = 0; i < read->info.count; i++) {
    cvz_unit_status status = CVZ_UNIT_MISSING;
    if (!read_status(&read->best, i, &status) || !read_row(read->best.loss, H5T_NATIVE_FLOAT, 2, i, read->best.losses))
      return refuse(read, "not readable", error);
    const float last = cvz_result_last_loss(read->best.losses, read->info.steps);
    cvz_layer_summary_add(summary, read->numbers[i], status, last);
  }
  return CVZ_OK;
}
