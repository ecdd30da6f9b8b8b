#include "store/layer_layout.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/hdf5_driver.h"
#include "store/utf8.h"

#define RANK_MAX 5

/* One dataset and what its own attributes tell. */
typedef struct dataset {
  const char *name, *description, *units; /* units NULL: a number without */
  int rank;
  hsize_t shape[RANK_MAX];
  const char *axes[RANK_MAX];
  hid_t type;
} dataset;

static hid_t text_type(void)
{
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

static hid_t status_type(void)
{
  const hid_t type = H5Tenum_create(H5T_NATIVE_UINT8);
  for (int i = CVZ_UNIT_MISSING; i < CVZ_UNIT_STATUSES; i++) {
    const uint8_t value = (uint8_t)i;
    H5Tenum_insert(type, cvz_unit_status_name((cvz_unit_status)i), &value);
  }
  return type;
}

/* `count` values as one attribute of `object`; count 0: a scalar. Closes nothing of the caller's. */
static bool write_attribute(hid_t object, const char *key, hid_t type, hsize_t count, const void *values)
{
  const hid_t space = count ? H5Screate_simple(1, &count, NULL) : H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const bool written = attribute >= 0 && H5Awrite(attribute, type, values) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  H5Sclose(space);
  return written;
}

static bool write_texts(hid_t object, const char *key, hsize_t count, const char *const *texts)
{
  const hid_t type = text_type();
  const bool written = write_attribute(object, key, type, count, texts);
  H5Tclose(type);
  return written;
}

static bool write_clean_text(hid_t object, const char *key, const char *text)
{
  cvz_text clean = {0};
  cvz_utf8_add(&clean, text);
  const char *const value = clean.data ? clean.data : "";
  const bool written = !clean.failed && write_texts(object, key, 0, &value);
  cvz_text_free(&clean);
  return written;
}

static bool write_parameter(hid_t object, const cvz_attribute *attribute)
{
  switch (attribute->kind) {
  case CVZ_ATTRIBUTE_INTEGER:
    return write_attribute(object, attribute->key, H5T_NATIVE_INT64, 0, &attribute->integer);
  case CVZ_ATTRIBUTE_REAL:
    return write_attribute(object, attribute->key, H5T_NATIVE_DOUBLE, 0, &attribute->real);
  case CVZ_ATTRIBUTE_TEXT:
    return write_clean_text(object, attribute->key, attribute->text);
  }
  return false;
}

/* DIMENSION_LABELS is what H5DSget_label and h5py's `dims` read (HDF5 dimension scale specification). */
static bool describe(hid_t object, const dataset *d)
{
  return write_texts(object, "DIMENSION_LABELS", (hsize_t)d->rank, d->axes) &&
         write_texts(object, "description", 0, &d->description) &&
         (!d->units || write_texts(object, "units", 0, &d->units));
}

static hid_t dataset_creation(void)
{
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(creation, false);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  return creation;
}

/* Contiguous: gzip saves 5 to 9 % of such tiles, costs the time of a step and makes the bytes depend on the order. */
static bool create_dataset(hid_t file, const dataset *d, uint64_t *offset)
{
  const hid_t creation = dataset_creation(), space = H5Screate_simple(d->rank, d->shape, NULL);
  const hid_t object = H5Dcreate2(file, d->name, d->type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  bool created = object >= 0 && describe(object, d);
  if (created) {
    const haddr_t address = H5Dget_offset(object);
    created = address != HADDR_UNDEF || !H5Sget_simple_extent_npoints(space);
    *offset = address == HADDR_UNDEF ? 0 : address;
  }
  if (object >= 0) H5Dclose(object);
  H5Sclose(space);
  H5Pclose(creation);
  return created;
}

/* Texts of one length, padded with zeros: as contiguous as all else. */
static hid_t label_type(size_t length)
{
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, length);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

/* The names as one array of texts of *length bytes, at least 1; NULL if there is no memory. */
static char *pad_labels(const cvz_layer_file_info *info, size_t *length)
{
  cvz_text *clean = cvz_array((size_t)info->count, sizeof *clean, NULL);
  bool good = clean;
  *length = 1;
  for (int i = 0; good && i < info->count; i++) {
    cvz_utf8_add(&clean[i], info->labels[i]);
    good = !clean[i].failed;
    if (clean[i].length > *length) *length = clean[i].length;
  }
  char *padded = good ? cvz_array((size_t)info->count, *length, NULL) : NULL;
  for (int i = 0; padded && i < info->count; i++)
    if (clean[i].length) memcpy(padded + (size_t)i * *length, clean[i].data, clean[i].length);
  for (int i = 0; clean && i < info->count; i++) cvz_text_free(&clean[i]);
  free(clean);
  return padded;
}

static bool write_labels(hid_t file, const cvz_layer_file_info *info)
{
  size_t length;
  uint64_t offset;
  if (!info->labels) return true;
  char *padded = pad_labels(info, &length);
  const dataset labels = {"labels",   "name of the filter", NULL, 1, {(hsize_t)info->count},
                          {"filter"}, label_type(length)};
  bool written = padded && create_dataset(file, &labels, &offset);
  const hid_t object = written ? H5Dopen2(file, labels.name, H5P_DEFAULT) : H5I_INVALID_HID;
  written = written && object >= 0 && H5Dwrite(object, labels.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, padded) >= 0;
  if (object >= 0) H5Dclose(object);
  H5Tclose(labels.type);
  free(padded);
  return written;
}

static bool create_noise(hid_t group, int count, cvz_layer_datasets *places)
{
  const hsize_t n = (hsize_t)count;
  const dataset mean = {"noise_mean",    "mean activation on random images", "activation", 1, {n}, {"filter"},
                        H5T_NATIVE_FLOAT};
  const dataset deviation = {"noise_deviation", "standard deviation over them", "activation", 1, {n}, {"filter"},
                             H5T_NATIVE_FLOAT};
  return create_dataset(group, &mean, &places->noise_mean) &&
         create_dataset(group, &deviation, &places->noise_deviation);
}

/* What there is of each unit, and again in each variant. */
static bool create_datasets(hid_t group, int count, int channels, const cvz_layer_variant *of,
                            cvz_layer_datasets *places)
{
  const hsize_t n = (hsize_t)count;
  const hid_t status_kind = status_type();
  const dataset statuses = {"status", "how the filter ended", NULL, 1, {n}, {"filter"}, status_kind};
  const dataset repeat = {"repeat", "which repeat the picture is of", NULL, 1, {n}, {"filter"}, H5T_NATIVE_INT32};
  const dataset attempt = {"attempt", "0, or which attempt of the rescue", NULL, 1, {n}, {"filter"}, H5T_NATIVE_UINT8};
  const dataset score = {
      "score", "activation of the image without transforms", "activation", 1, {n}, {"filter"}, H5T_NATIVE_FLOAT};
  const dataset loss = {"loss",
                        "mean activation before each update; NaN after an early stop",
                        "activation",
                        2,
                        {n, (hsize_t)of->steps},
                        {"filter", "step"},
                        H5T_NATIVE_FLOAT};
  const dataset tiles = {"tiles",
                         "picture of the filter",
                         "0 black to 255",
                         4,
                         {n, (hsize_t)of->tile_height, (hsize_t)of->tile_width, (hsize_t)channels},
                         {"filter", "y", "x", "channel"},
                         H5T_NATIVE_UINT8};
  const dataset film = {
      "frames",
      "pictures of the ascent, evenly spread over its steps",
      "0 black to 255",
      5,
      {n, (hsize_t)of->frames, (hsize_t)of->tile_height, (hsize_t)of->tile_width, (hsize_t)of->frame_channels},
      {"filter", "frame", "y", "x", "channel"},
      H5T_NATIVE_UINT8};
  const dataset raw = {"raw",
                       "image after the last update",
                       "input range of the network",
                       4,
                       {n, (hsize_t)of->raw_height, (hsize_t)of->raw_width, (hsize_t)of->raw_channels},
                       {"filter", "y", "x", "channel"},
                       H5T_NATIVE_FLOAT};
  const bool created =
      (!of->noise || create_noise(group, count, places)) && create_dataset(group, &statuses, &places->status) &&
      create_dataset(group, &repeat, &places->repeat) && create_dataset(group, &attempt, &places->attempt) &&
      create_dataset(group, &score, &places->score) && create_dataset(group, &loss, &places->loss) &&
      create_dataset(group, &tiles, &places->tiles) && (!of->frames || create_dataset(group, &film, &places->film)) &&
      (!of->keep_raw || create_dataset(group, &raw, &places->raw));
  H5Tclose(status_kind);
  return created;
}

/* Which filters the entries of all datasets are of. */
static bool create_filters(hid_t file, const cvz_layer_file_info *info, cvz_layer_layout *layout)
{
  const hsize_t n = (hsize_t)info->count;
  const dataset filters = {"filters", "number of the filter in the layer", NULL, 1, {n}, {"filter"}, H5T_NATIVE_INT32};
  return create_dataset(file, &filters, &layout->filters) && write_labels(file, info);
}

static hid_t create_group(hid_t parent, const char *name)
{
  const hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_obj_track_times(creation, false);
  const hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Pclose(creation);
  return group;
}

static bool write_parameters(hid_t object, const cvz_attribute *attributes, int count)
{
  bool written = true;
  for (int i = 0; written && i < count; i++) written = write_parameter(object, &attributes[i]);
  return written;
}

/* /variants/NAME, with the parameters where they are of another job. */
static bool create_variant(hid_t variants, const cvz_layer_file_info *info, const cvz_layer_variant *variant,
                           cvz_layer_datasets *places)
{
  const hid_t group = create_group(variants, variant->name);
  const bool created = group >= 0 && write_parameters(group, variant->attributes, variant->attribute_count) &&
                       create_datasets(group, info->count, info->channels, variant, places);
  if (group >= 0) H5Gclose(group);
  return created;
}

static bool create_variants(hid_t file, const cvz_layer_file_info *info, cvz_layer_datasets *places)
{
  if (!info->variant_count) return true;
  const hid_t variants = create_group(file, "variants");
  bool created = variants >= 0;
  for (int i = 0; created && i < info->variant_count; i++)
    created = create_variant(variants, info, &info->variants[i], &places[i]);
  if (variants >= 0) H5Gclose(variants);
  return created;
}

static bool fill(hid_t file, const cvz_layer_file_info *info, cvz_layer_layout *layout)
{
  const int64_t version = 1;
  const cvz_layer_variant own = cvz_layer_main(info);
  return write_clean_text(file, "format", "convviz-mpi layer") &&
         write_attribute(file, "format_version", H5T_NATIVE_INT64, 0, &version) &&
         write_parameters(file, info->attributes, info->attribute_count) && create_filters(file, info, layout) &&
         create_datasets(file, info->count, info->channels, &own, &layout->pictures[0]) &&
         create_variants(file, info, layout->pictures + 1);
}

static bool create(cvz_hdf5_device *device, const cvz_layer_file_info *info, cvz_layer_layout *layout)
{
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_obj_track_times(creation, false); /* the same bytes every time */
  const hid_t file = cvz_hdf5_driver_create(device, creation);
  const bool filled = file >= 0 && fill(file, info, layout);
  const bool closed = cvz_hdf5_driver_close(device, file) >= 0;
  H5Pclose(creation);
  return filled && closed;
}

void cvz_layer_layout_free(cvz_layer_layout *layout)
{
  free(layout->pictures);
  *layout = (cvz_layer_layout){0};
}

cvz_status cvz_layer_layout_create(cvz_layer_layout *layout, int descriptor, const char *path,
                                   const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_hdf5_device device = {.descriptor = descriptor};
  bool created;
  *layout = (cvz_layer_layout){.count = 1 + info->variant_count};
  layout->pictures = cvz_array((size_t)layout->count, sizeof *layout->pictures, error);
  if (!layout->pictures) return CVZ_E_MEMORY;
  H5E_BEGIN_TRY
  {
    created = create(&device, info, layout);
  }
  H5E_END_TRY
  if (device.code) return cvz_file_fail(error, "write", path, device.code);
  CVZ_REQUIRE(created, error, CVZ_E_IO, "write '%s': the HDF5 library refused", path);
  return CVZ_OK;
}

/* Creates the dataset unless it is there, and writes all of it. */
static bool put_dataset(hid_t file, const dataset *d, const void *values)
{
  uint64_t offset;
  if (H5Lexists(file, d->name, H5P_DEFAULT) <= 0 && !create_dataset(file, d, &offset)) return false;
  const hid_t object = H5Dopen2(file, d->name, H5P_DEFAULT);
  const bool written = object >= 0 && H5Dwrite(object, d->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
  return (object < 0 || H5Dclose(object) >= 0) && written;
}

static bool append(hid_t file, const cvz_layer_similar *similar)
{
  const hsize_t n = (hsize_t)similar->count, m = (hsize_t)similar->most;
  const dataset responses = {"responses",     "mean activation of each filter for each picture",
                             "activation",    2,
                             {n, n},          {"picture", "filter"},
                             H5T_NATIVE_FLOAT};
  const dataset places = {"similar",
                          "places of the filters whose responses go with this one's the most; -1 for none",
                          NULL,
                          2,
                          {n, m},
                          {"filter", "rank"},
                          H5T_NATIVE_INT32};
  const dataset similarity = {"similarity",
                              "correlation of the responses of the filters in 'similar'; NaN for none",
                              NULL,
                              2,
                              {n, m},
                              {"filter", "rank"},
                              H5T_NATIVE_FLOAT};
  return put_dataset(file, &responses, similar->responses) && put_dataset(file, &places, similar->similar) &&
         put_dataset(file, &similarity, similar->similarity);
}

cvz_status cvz_layer_layout_append(const char *path, const char *name, const cvz_layer_similar *similar,
                                   cvz_error *error)
{
  bool done;
  H5E_BEGIN_TRY
  {
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    done = file >= 0 && append(file, similar);
    if (file >= 0) done &= H5Fclose(file) >= 0;
  }
  H5E_END_TRY
  CVZ_REQUIRE(done, error, CVZ_E_IO, "write '%s': the HDF5 library refused", name);
  return CVZ_OK;
}
