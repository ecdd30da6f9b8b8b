#include "store/layer_read.h"

#include <hdf5.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/grid.h"
#include "store/attribute_list.h"

#define RANK_MAX        5
#define FORMAT_VERSIONS 1

/* The datasets of the layer itself or of a variant, and room for a row of each. */
typedef struct picture_sets {
  hid_t noise_mean, noise_deviation;                            /* not positive: a variant without noise of its own */
  hid_t status, repeat, attempt, score, loss, tiles, film, raw; /* not positive: not open; film, raw: not kept */
  uint8_t *tile, *frames;
  float *losses, *image;
} picture_sets;

struct cvz_layer_read {
  char path[PATH_MAX], stem[256];
  hid_t file, filters; /* not positive: not open */
  picture_sets own, *variants;
  cvz_result *results; /* of the variants */
  cvz_layer_file_info info;
  cvz_layer_variant *variant_infos; /* info.variants */
  cvz_attribute_list attributes, *variant_attributes;
  int *numbers;
  char *label_text;    /* all of them, each ended by 0 */
  const char **labels; /* NULL: the layer has none */
};

static cvz_status refuse(const cvz_layer_read *read, const char *what, cvz_error *error)
{
  return cvz_fail(error, CVZ_E_FORMAT, "read '%s': %s, expected a layer as this program writes it", read->path, what);
}

/* The two that say what kind of file it is; takes them out of the list. */
static bool take_format(cvz_attribute_list *list)
{
  if (list->count < 2) return false;
  cvz_attribute *a = list->items;
  const bool good = !strcmp(a[0].key, "format") && a[0].kind == CVZ_ATTRIBUTE_TEXT &&
                    !strcmp(a[0].text, "convviz-mpi layer") && !strcmp(a[1].key, "format_version") &&
                    a[1].kind == CVZ_ATTRIBUTE_INTEGER && a[1].integer <= FORMAT_VERSIONS;
  if (!good) return false;
  cvz_attribute_list_drop(list, 2);
  return true;
}

static cvz_status read_attributes(const cvz_layer_read *read, hid_t object, cvz_attribute_list *list, cvz_error *error)
{
  return cvz_attribute_list_read(list, object) ? CVZ_OK : refuse(read, "its attributes are others", error);
}

static cvz_status read_own_attributes(cvz_layer_read *read, cvz_error *error)
{
  CVZ_TRY(read_attributes(read, read->file, &read->attributes, error));
  if (!take_format(&read->attributes)) return refuse(read, "its attributes are others", error);
  read->info.attributes = read->attributes.items;
  read->info.attribute_count = read->attributes.count;
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

static bool open_noise(picture_sets *sets, hid_t group, int count, cvz_layer_variant *of)
{
  of->noise = H5Lexists(group, "noise_mean", H5P_DEFAULT) > 0;
  return !of->noise || (open_numbers(&sets->noise_mean, group, "noise_mean", count) &&
                        open_numbers(&sets->noise_deviation, group, "noise_deviation", count));
}

/* Pictures of the ascent, of the tiles' size, where there are some. */
static bool open_film(picture_sets *sets, hid_t group, int count, cvz_layer_variant *of)
{
  int film[RANK_MAX];
  if (H5Lexists(group, "frames", H5P_DEFAULT) <= 0) return true;
  if (!open_dataset(&sets->film, group, "frames", 5, film)) return false;
  of->frames = film[1], of->frame_channels = film[4];
  return film[0] == count && film[1] >= 1 && film[2] == of->tile_height && film[3] == of->tile_width && film[4] >= 1 &&
         film[4] <= 4;
}

/* A size that cvz_layer_file_create takes: of files that others have changed, memory and grids are reckoned from it. */
static bool is_size(int height, int width, int channels)
{
  return height >= 1 && height <= CVZ_IMAGE_MAX && width >= 1 && width <= CVZ_IMAGE_MAX &&
         (channels == 1 || channels == 3 || channels == 4);
}

static bool open_raw(picture_sets *sets, hid_t group, int count, cvz_layer_variant *of)
{
  int raw[RANK_MAX];
  of->keep_raw = H5Lexists(group, "raw", H5P_DEFAULT) > 0;
  if (!of->keep_raw) return true;
  if (!open_dataset(&sets->raw, group, "raw", 4, raw)) return false;
  of->raw_height = raw[1], of->raw_width = raw[2], of->raw_channels = raw[3];
  return raw[0] == count && raw[1] >= 1 && raw[2] >= 1 && raw[3] >= 1;
}

static bool open_pictures(picture_sets *sets, hid_t group, int count, cvz_layer_variant *of, int *channels)
{
  int loss[RANK_MAX], tiles[RANK_MAX];
  if (!open_noise(sets, group, count, of) || !open_numbers(&sets->status, group, "status", count) ||
      !open_numbers(&sets->repeat, group, "repeat", count) || !open_numbers(&sets->attempt, group, "attempt", count) ||
      !open_numbers(&sets->score, group, "score", count) || !open_dataset(&sets->loss, group, "loss", 2, loss) ||
      !open_dataset(&sets->tiles, group, "tiles", 4, tiles))
    return false;
  of->steps = loss[1];
  of->tile_height = tiles[1], of->tile_width = tiles[2], *channels = tiles[3];
  return loss[0] == count && tiles[0] == count && is_size(tiles[1], tiles[2], tiles[3]) &&
         open_film(sets, group, count, of) && open_raw(sets, group, count, of);
}

static cvz_status make_room(picture_sets *sets, const cvz_layer_variant *of, int channels, cvz_error *error)
{
  const size_t row = (size_t)of->tile_width * (size_t)channels;
  const size_t raw_row = (size_t)of->raw_width * (size_t)of->raw_channels * sizeof(float);
  sets->tile = cvz_array((size_t)of->tile_height, row, error);
  if (of->frames) {
    size_t frame;
    CVZ_REQUIRE(cvz_size_mul(&frame, (size_t)of->tile_width * (size_t)of->frame_channels, (size_t)of->tile_height),
                error, CVZ_E_MEMORY, "memory: no room for %d x %d pixels", of->tile_height, of->tile_width);
    sets->frames = cvz_array((size_t)of->frames, frame, error);
    if (!sets->frames) return CVZ_E_MEMORY;
  }
  sets->losses = cvz_array((size_t)of->steps, sizeof *sets->losses, error);
  if (of->keep_raw) sets->image = cvz_array((size_t)of->raw_height, raw_row, error);
  return sets->tile && sets->losses && (sets->image || !of->keep_raw) ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status load_pictures(const cvz_layer_read *read, picture_sets *sets, hid_t group, cvz_layer_variant *of,
                                int *channels, cvz_error *error)
{
  if (!open_pictures(sets, group, read->info.count, of, channels))
    return refuse(read, "its datasets are others", error);
  return make_room(sets, of, *channels, error);
}

static cvz_status load_own(cvz_layer_read *read, cvz_error *error)
{
  cvz_layer_file_info *info = &read->info;
  cvz_layer_variant own = {0};
  CVZ_TRY(load_pictures(read, &read->own, read->file, &own, &info->channels, error));
  if (!own.noise) return refuse(read, "its datasets are others", error);
  info->tile_height = own.tile_height, info->tile_width = own.tile_width, info->steps = own.steps;
  info->frames = own.frames, info->frame_channels = own.frame_channels;
  info->keep_raw = own.keep_raw;
  info->raw_height = own.raw_height, info->raw_width = own.raw_width, info->raw_channels = own.raw_channels;
  return CVZ_OK;
}

static int count_variants(hid_t file)
{
  H5G_info_t info = {0};
  const bool known =
      H5Lexists(file, "variants", H5P_DEFAULT) > 0 && H5Gget_info_by_name(file, "variants", &info, H5P_DEFAULT) >= 0;
  return known && info.nlinks <= INT_MAX ? (int)info.nlinks : 0;
}

/* For H5Literate: the next name into the list. A name that this program would not give is refused. */
static herr_t take_name(hid_t group, const char *name, const H5L_info_t *about, void *context)
{
  cvz_layer_variant **next = context;
  char plain[CVZ_VARIANT_NAME];
  (void)group, (void)about;
  cvz_variant_name(plain, name);
  if (strcmp(plain, name)) return -1;
  memcpy((*next)++->name, plain, sizeof plain);
  return 0;
}

/* repeat_2 before repeat_10, as they were written. */
static int by_name(const void *a, const void *b)
{
  return strverscmp(((const cvz_layer_variant *)a)->name, ((const cvz_layer_variant *)b)->name);
}

static bool read_names(cvz_layer_read *read)
{
  cvz_layer_variant *next = read->variant_infos;
  hsize_t start = 0;
  const hid_t group = H5Gopen2(read->file, "variants", H5P_DEFAULT);
  const bool good = group >= 0 && H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &start, take_name, &next) >= 0;
  if (group >= 0) H5Gclose(group);
  if (good) qsort(read->variant_infos, (size_t)(next - read->variant_infos), sizeof *next, by_name);
  return good;
}

static cvz_status load_variant(cvz_layer_read *read, int index, cvz_error *error)
{
  cvz_layer_variant *of = &read->variant_infos[index];
  cvz_attribute_list *attributes = &read->variant_attributes[index];
  char path[sizeof "variants/" + CVZ_VARIANT_NAME];
  int channels = 0;
  snprintf(path, sizeof path, "variants/%s", of->name);
  const hid_t group = H5Gopen2(read->file, path, H5P_DEFAULT);
  if (group < 0) return refuse(read, "its variants are others", error);
  cvz_status status = load_pictures(read, &read->variants[index], group, of, &channels, error);
  if (status == CVZ_OK) status = read_attributes(read, group, attributes, error);
  H5Gclose(group);
  of->attributes = attributes->items, of->attribute_count = attributes->count;
  if (status == CVZ_OK && channels != read->info.channels) return refuse(read, "its variants are others", error);
  return status;
}

static cvz_status load_variants(cvz_layer_read *read, cvz_error *error)
{
  const size_t count = (size_t)count_variants(read->file);
  if (!count) return CVZ_OK;
  read->variants = cvz_array(count, sizeof *read->variants, error);
  read->results = cvz_array(count, sizeof *read->results, error);
  read->variant_infos = cvz_array(count, sizeof *read->variant_infos, error);
  read->variant_attributes = cvz_array(count, sizeof *read->variant_attributes, error);
  if (!read->variants || !read->results || !read->variant_infos || !read->variant_attributes) return CVZ_E_MEMORY;
  read->info.variants = read->variant_infos;
  read->info.variant_count = (int)count;
  if (!read_names(read)) return refuse(read, "its variants are others", error);
  for (size_t i = 0; i < count; i++) CVZ_TRY(load_variant(read, (int)i, error));
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
  for (int i = 0; i < n[0]; i++)
    if (read->numbers[i] < 0) return refuse(read, "its filters are others", error);
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
  CVZ_TRY(read_own_attributes(read, error));
  CVZ_TRY(load_numbers(read, error));
  CVZ_TRY(load_own(read, error));
  CVZ_TRY(load_variants(read, error));
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
  const hid_t datasets[] = {
      sets->noise_mean, sets->noise_deviation, sets->status, sets->repeat, sets->attempt, sets->score,
      sets->loss,       sets->tiles,           sets->film,   sets->raw};
  for (size_t i = 0; i < sizeof datasets / sizeof *datasets; i++) close_dataset(datasets[i]);
  free(sets->tile);
  free(sets->frames);
  free(sets->losses);
  free(sets->image);
}

void cvz_layer_read_close(cvz_layer_read *read)
{
  if (!read) return;
  close_dataset(read->filters);
  close_pictures(&read->own);
  for (int i = 0; i < read->info.variant_count; i++) {
    close_pictures(&read->variants[i]);
    cvz_attribute_list_free(&read->variant_attributes[i]);
  }
  if (read->file > 0) H5Fclose(read->file);
  cvz_attribute_list_free(&read->attributes);
  free(read->numbers);
  free(read->variants);
  free(read->variant_infos);
  free(read->variant_attributes);
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

static bool read_noise(const picture_sets *sets, int index, cvz_result *result)
{
  result->noise_mean = result->noise_deviation = NAN;
  return sets->noise_mean <= 0 ||
         (read_row(sets->noise_mean, H5T_NATIVE_FLOAT, 1, index, &result->noise_mean) &&
          read_row(sets->noise_deviation, H5T_NATIVE_FLOAT, 1, index, &result->noise_deviation));
}

static bool read_picture(const picture_sets *sets, int index, cvz_result *result)
{
  result->tile = sets->tile, result->film = sets->frames, result->loss = sets->losses, result->raw = sets->image;
  return read_status(sets, index, &result->status) && read_row(sets->tiles, H5T_NATIVE_UINT8, 4, index, sets->tile) &&
         read_row(sets->loss, H5T_NATIVE_FLOAT, 2, index, sets->losses) &&
         read_row(sets->repeat, H5T_NATIVE_INT, 1, index, &result->repeat) &&
         read_row(sets->attempt, H5T_NATIVE_INT, 1, index, &result->attempt) &&
         read_row(sets->score, H5T_NATIVE_FLOAT, 1, index, &result->score) && read_noise(sets, index, result) &&
         (!sets->frames || read_row(sets->film, H5T_NATIVE_UINT8, 5, index, sets->frames)) &&
         (!sets->image || read_row(sets->raw, H5T_NATIVE_FLOAT, 4, index, sets->image));
}

cvz_status cvz_layer_read_unit(cvz_layer_read *read, int index, cvz_result *result, cvz_error *error)
{
  *result = (cvz_result){.filter = read->numbers[index], .repeats = read->results};
  bool good;
  H5E_BEGIN_TRY
  {
    good = read_picture(&read->own, index, result);
    for (int i = 0; good && i < read->info.variant_count; i++)
      good = read_picture(&read->variants[i], index, &read->results[i]);
  }
  H5E_END_TRY
  return good ? CVZ_OK : refuse(read, "not readable", error);
}

cvz_status cvz_layer_read_summary(cvz_layer_read *read, cvz_layer_summary *summary, cvz_error *error)
{
  *summary = cvz_layer_summary_empty();
  for (int i = 0; i < read->info.count; i++) {
    cvz_unit_status status = CVZ_UNIT_MISSING;
    if (!read_status(&read->own, i, &status) || !read_row(read->own.loss, H5T_NATIVE_FLOAT, 2, i, read->own.losses))
      return refuse(read, "not readable", error);
    const float last = cvz_result_last_loss(read->own.losses, read->info.steps);
    cvz_layer_summary_add(summary, read->numbers[i], status, last);
  }
  return CVZ_OK;
}
