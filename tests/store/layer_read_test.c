#include "store/layer_read.h"

#include <hdf5.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/scratch.h"

enum { COUNT = 3, SIDE = 4, STEPS = 2, RAW = 6 };

static const int filters[COUNT] = {1, 5, 8};
static const cvz_unit_status statuses[COUNT] = {CVZ_UNIT_OK, CVZ_UNIT_NAN, CVZ_UNIT_OK};

/* More than eight, not sorted: as many as a job has, in an order that must be kept. */
static const cvz_attribute attributes[] = {
    {.key = "layer", .kind = CVZ_ATTRIBUTE_TEXT, .text = "conv/a"},
    {.key = "zeta", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = INT64_MIN},
    {.key = "beta", .kind = CVZ_ATTRIBUTE_REAL, .real = 0.1},
    {.key = "empty", .kind = CVZ_ATTRIBUTE_TEXT, .text = ""},
    {.key = "k5", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 5},
    {.key = "k4", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 4},
    {.key = "k3", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 3},
    {.key = "k9", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 9},
    {.key = "k1", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 1},
    {.key = "k7", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 7},
    {.key = "alpha", .kind = CVZ_ATTRIBUTE_TEXT, .text = "\xc3\xa4"},
};

enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static cvz_layer_file_info info_of(void **state, bool keep_raw)
{
  return (cvz_layer_file_info){.directory = ((scratch *)*state)->path,
                               .stem = "a",
                               .filters = filters,
                               .count = COUNT,
                               .tile_height = SIDE,
                               .tile_width = SIDE,
                               .channels = 3,
                               .steps = STEPS,
                               .keep_raw = keep_raw,
                               .raw_height = keep_raw ? RAW : 0,
                               .raw_width = keep_raw ? RAW : 0,
                               .raw_channels = keep_raw ? 3 : 0,
                               .margin = 5,
                               .attributes = attributes,
                               .attribute_count = ATTRIBUTES};
}

static void write_layer(const cvz_layer_file_info *info)
{
  cvz_layer_file *file;
  assert_int_equal(cvz_layer_file_create(&file, info, NULL), CVZ_OK);
  for (int k = 0; k < COUNT; k++) {
    uint8_t tile[SIDE * SIDE * 3];
    float raw[RAW * RAW * 3];
    const float loss[STEPS] = {(float)k, k == 1 ? NAN : (float)k + 0.5f};
    for (size_t i = 0; i < sizeof tile; i++) tile[i] = (uint8_t)((size_t)k * 50 + i);
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) raw[i] = (float)k - (float)i;
    const cvz_result result = {.filter = filters[k],
                               .status = statuses[k],
                               .tile = tile,
                               .loss = loss,
                               .raw = info->keep_raw ? raw : NULL,
                               .score = (float)k};
    assert_int_equal(cvz_layer_file_put(file, k, &result, NULL), CVZ_OK);
  }
  assert_int_equal(cvz_layer_file_finish(file, NULL), CVZ_OK);
}

static cvz_layer_read *open_layer(void **state)
{
  cvz_layer_read *read;
  cvz_error error;
  if (cvz_layer_read_open(&read, ((scratch *)*state)->path, "a", &error) != CVZ_OK) fail_msg("%s", error.text);
  return read;
}

static void attributes_keep_order_kind_and_bits(void **state)
{
  const cvz_layer_file_info info = info_of(state, true);
  write_layer(&info);
  cvz_layer_read *read = open_layer(state);
  const cvz_layer_file_info *found = cvz_layer_read_info(read);
  assert_int_equal(found->attribute_count, ATTRIBUTES);
  for (int i = 0; i < ATTRIBUTES; i++) {
    assert_string_equal(found->attributes[i].key, attributes[i].key);
    assert_int_equal(found->attributes[i].kind, attributes[i].kind);
    if (attributes[i].kind == CVZ_ATTRIBUTE_TEXT)
      assert_string_equal(found->attributes[i].text, attributes[i].text);
    else if (attributes[i].kind == CVZ_ATTRIBUTE_REAL)
      assert_true(found->attributes[i].real == attributes[i].real);
    else
      assert_true(found->attributes[i].integer == attributes[i].integer);
  }
  cvz_layer_read_close(read);
}

/* What is read, written again elsewhere, is the same file. */
static void a_copy_by_units_has_the_same_bytes(void **state)
{
  for (int keep_raw = 0; keep_raw < 2; keep_raw++) {
    const cvz_layer_file_info info = info_of(state, keep_raw);
    cvz_layer_file *file;
    size_t bytes[2];
    write_layer(&info);
    cvz_layer_read *read = open_layer(state);
    cvz_layer_file_info copy = *cvz_layer_read_info(read);
    copy.directory = info.directory, copy.stem = "copy", copy.margin = info.margin;
    assert_int_equal(cvz_layer_file_create(&file, &copy, NULL), CVZ_OK);
    for (int i = 0; i < COUNT; i++) {
      cvz_result result;
      assert_int_equal(cvz_layer_read_unit(read, i, &result, NULL), CVZ_OK);
      assert_int_equal(result.filter, filters[i]);
      assert_int_equal(result.status, statuses[i]);
      assert_int_equal(cvz_layer_file_put(file, i, &result, NULL), CVZ_OK);
    }
    assert_int_equal(cvz_layer_file_finish(file, NULL), CVZ_OK);
    cvz_layer_read_close(read);
    char *a = scratch_read(scratch_path(state, "layers/a.h5"), &bytes[0]);
    char *b = scratch_read(scratch_path(state, "layers/copy.h5"), &bytes[1]);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(a, b, bytes[0]);
    free(a);
    free(b);
  }
}

static void the_summary_counts_and_finds_the_best(void **state)
{
  const cvz_layer_file_info info = info_of(state, false);
  cvz_layer_summary summary;
  write_layer(&info);
  cvz_layer_read *read = open_layer(state);
  assert_int_equal(cvz_layer_read_summary(read, &summary, NULL), CVZ_OK);
  assert_memory_equal(summary.by_status, ((int[CVZ_UNIT_STATUSES]){0, 2, 0, 1}), sizeof summary.by_status);
  assert_true(summary.best_loss == 2.5f);
  cvz_layer_read_close(read);
}

static void what_is_no_layer_is_refused(void **state)
{
  cvz_layer_read *read;
  cvz_error error;
  const char *path = ((scratch *)*state)->path;
  assert_int_equal(cvz_layer_read_open(&read, path, "none", &error), CVZ_E_FORMAT);
  scratch_write(scratch_path(state, "layers/text.h5"), "no HDF5", 7);
  assert_int_equal(cvz_layer_read_open(&read, path, "text", &error), CVZ_E_FORMAT);
  assert_non_null(strstr(error.text, "layers/text.h5"));
}

/* Puts another dataset, of no values, in the place of one of layers/a.h5. */
static void replace(void **state, const char *name, hid_t type, const hsize_t shape[4])
{
  const hid_t file = H5Fopen(scratch_path(state, "layers/a.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(4, shape, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
  assert_true(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_LATE) >= 0);
  assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
  const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  assert_true(set >= 0);
  H5Dclose(set);
  H5Pclose(creation);
  H5Sclose(space);
  assert_true(H5Fclose(file) >= 0);
}

/* Their memory and their place in a grid are reckoned from these. */
static void pictures_of_an_impossible_size_are_refused(void **state)
{
  static const struct {
    const char *name;
    hsize_t shape[4];
  } cases[] = {
      {"tiles", {COUNT, 0, SIDE, 3}},    {"tiles", {COUNT, SIDE, 0, 3}},    {"tiles", {COUNT, 1000001, 1, 3}},
      {"tiles", {COUNT, 1, INT_MAX, 3}}, {"tiles", {COUNT, SIDE, SIDE, 0}}, {"tiles", {COUNT, SIDE, SIDE, 2}},
      {"tiles", {COUNT, SIDE, SIDE, 5}}, {"raw", {COUNT, 0, RAW, 3}},       {"raw", {COUNT, RAW, 0, 3}},
      {"raw", {COUNT, RAW, RAW, 0}},
  };
  const cvz_layer_file_info info = info_of(state, true);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cvz_layer_read *read;
    cvz_error error;
    write_layer(&info);
    replace(state, cases[i].name, *cases[i].name == 'r' ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT8, cases[i].shape);
    assert_int_equal(cvz_layer_read_open(&read, info.directory, "a", &error), CVZ_E_FORMAT);
    assert_non_null(strstr(error.text, "layers/a.h5': its datasets are others"));
  }
}

static void numbers_below_0_are_refused(void **state)
{
  const int negative[COUNT] = {INT_MIN, 5, INT_MAX};
  const cvz_layer_file_info info = info_of(state, false);
  cvz_layer_read *read;
  write_layer(&info);
  const hid_t file = H5Fopen(scratch_path(state, "layers/a.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t set = H5Dopen2(file, "filters", H5P_DEFAULT);
  assert_true(H5Dwrite(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, negative) >= 0);
  H5Dclose(set);
  H5Fclose(file);
  assert_int_equal(cvz_layer_read_open(&read, info.directory, "a", NULL), CVZ_E_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup_results, scratch_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(attributes_keep_order_kind_and_bits),        TEST(a_copy_by_units_has_the_same_bytes),
      TEST(the_summary_counts_and_finds_the_best),      TEST(what_is_no_layer_is_refused),
      TEST(pictures_of_an_impossible_size_are_refused), TEST(numbers_below_0_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
