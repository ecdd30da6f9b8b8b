#include "store/layer_file.h"

#include <hdf5.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "../base/scratch.h"
#include "image/png.h"

enum { COUNT = 64, SIDE = 130, STEPS = 3, RAW = 9, CHANNELS_MAX = 4 };

static int filters[COUNT];

static const cvz_attribute attributes[] = {
    {.key = "layer", .kind = CVZ_ATTRIBUTE_TEXT, .text = "conv/\xff<b>"},
    {.key = "seed", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = INT64_MIN},
    {.key = "learning_rate", .kind = CVZ_ATTRIBUTE_REAL, .real = 0.1},
    {.key = "empty", .kind = CVZ_ATTRIBUTE_TEXT, .text = ""},
};

static cvz_layer_file_info info_of(void **state, const char *stem)
{
  for (int i = 0; i < COUNT; i++) filters[i] = 2 * i + 1;
  return (cvz_layer_file_info){.directory = ((scratch *)*state)->path,
                               .stem = stem,
                               .filters = filters,
                               .count = COUNT,
                               .tile_height = SIDE,
                               .tile_width = SIDE,
                               .channels = 3,
                               .steps = STEPS,
                               .keep_raw = true,
                               .raw_height = RAW,
                               .raw_width = RAW,
                               .raw_channels = 3,
                               .margin = 5,
                               .attributes = attributes,
                               .attribute_count = sizeof attributes / sizeof *attributes};
}

static uint8_t sample(int index, size_t i)
{
  return (uint8_t)(1 + (index * 37 + i * 11 + i / 390) % 255); /* never black */
}

static cvz_status put(cvz_layer_file *file, const cvz_layer_file_info *info, int index, cvz_error *error)
{
  static uint8_t tile[SIDE * SIDE * CHANNELS_MAX];
  static float raw[RAW * RAW * CHANNELS_MAX];
  const float loss[STEPS] = {(float)index, (float)index + 0.5f, NAN};
  for (size_t i = 0; i < sizeof tile; i++) tile[i] = sample(index, i);
  for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) raw[i] = (float)index - (float)i;
  const cvz_result result = {.filter = info->filters[index],
                             .status = CVZ_UNIT_DEAD,
                             .tile = tile,
                             .loss = loss,
                             .raw = info->keep_raw ? raw : NULL};
  return cvz_layer_file_put(file, index, &result, error);
}

/* Every unit: index * stride mod COUNT, stride odd. */
static void write_layer(const cvz_layer_file_info *info, int stride)
{
  cvz_layer_file *file;
  cvz_error error;
  assert_int_equal(cvz_layer_file_create(&file, info, &error), CVZ_OK);
  for (int i = 0; i < info->count; i++) assert_int_equal(put(file, info, i * stride % info->count, &error), CVZ_OK);
  assert_int_equal(cvz_layer_file_finish(file, &error), CVZ_OK);
}

static const char *layers(void **state)
{
  return scratch_path(state, "layers");
}

static int setup(void **state)
{
  const int failed = scratch_setup(state);
  return failed ? failed : mkdir(layers(state), 0777);
}

/* The dataset's values in `type`, and a check of its shape (rank numbers). */
static void read_dataset(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape, void *values)
{
  hsize_t found[8] = {0};
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
  assert_int_equal(H5Sget_simple_extent_dims(space, found, NULL), rank);
  for (int i = 0; i < rank; i++) assert_int_equal(found[i], shape[i]);
  assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Sclose(space);
  H5Dclose(dataset);
}

static hid_t open_layer(void **state, const char *name)
{
  const hid_t file = H5Fopen(scratch_path(state, name), H5F_ACC_RDONLY, H5P_DEFAULT);
  assert_true(file >= 0);
  return file;
}

static void sixty_four_tiles_of_130_make_a_picture_of_1075(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  cvz_picture picture;
  write_layer(&info, 1);
  assert_int_equal(cvz_png_read(&picture, scratch_path(state, "layers/a.png"), 3, NULL), CVZ_OK);
  assert_int_equal(picture.width, 1075);
  assert_int_equal(picture.height, 1075);
  for (int y = 0; y < 1075; y++)
    for (int x = 0; x < 1075 * 3; x++) {
      const int column = x / 405, row = y / 135, left = x % 405, top = y % 135;
      const bool margin = left >= 390 || top >= 130;
      const uint8_t expected = margin ? 0 : sample(8 * row + column, (size_t)(top * 390 + left));
      if (picture.pixels[y * 1075 * 3 + x] != expected) fail_msg("byte %d of row %d", x, y);
    }
  free(picture.pixels);
}

static void the_bytes_do_not_depend_on_the_order(void **state)
{
  const cvz_layer_file_info a = info_of(state, "a"), b = info_of(state, "b"), c = info_of(state, "c");
  write_layer(&a, 1);
  write_layer(&b, 37);
  write_layer(&c, 63);
  assert_true(scratch_same(scratch_path(state, "layers/a.h5"), scratch_path(state, "layers/b.h5")));
  assert_true(scratch_same(scratch_path(state, "layers/a.h5"), scratch_path(state, "layers/c.h5")));
  assert_true(scratch_same(scratch_path(state, "layers/a.png"), scratch_path(state, "layers/b.png")));
  assert_true(scratch_same(scratch_path(state, "layers/a.png"), scratch_path(state, "layers/c.png")));
  assert_int_equal(scratch_count(layers(state)), 6);
}

static void every_dataset_holds_what_was_put(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  static uint8_t tiles[COUNT][SIDE * SIDE * 3], status[COUNT];
  static float loss[COUNT][STEPS], raw[COUNT][RAW * RAW * 3];
  int numbers[COUNT];
  write_layer(&info, 5);
  const hid_t file = open_layer(state, "layers/a.h5");
  read_dataset(file, "tiles", H5T_NATIVE_UINT8, 4, (hsize_t[]){COUNT, SIDE, SIDE, 3}, tiles);
  read_dataset(file, "filters", H5T_NATIVE_INT, 1, (hsize_t[]){COUNT}, numbers);
  read_dataset(file, "loss", H5T_NATIVE_FLOAT, 2, (hsize_t[]){COUNT, STEPS}, loss);
  read_dataset(file, "raw", H5T_NATIVE_FLOAT, 4, (hsize_t[]){COUNT, RAW, RAW, 3}, raw);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(numbers[i], 2 * i + 1);
    assert_true(loss[i][0] == (float)i && loss[i][1] == (float)i + 0.5f && isnan(loss[i][2]));
    assert_true(raw[i][0] == (float)i && raw[i][RAW * RAW * 3 - 1] == (float)i - (RAW * RAW * 3 - 1));
    for (size_t j = 0; j < sizeof tiles[i]; j++)
      if (tiles[i][j] != sample(i, j)) fail_msg("byte %zu of tile %d", j, i);
  }
  const hid_t dataset = H5Dopen2(file, "status", H5P_DEFAULT), type = H5Dget_type(dataset);
  uint8_t dead = 0;
  assert_int_equal(H5Tget_class(type), H5T_ENUM);
  assert_int_equal(H5Tget_nmembers(type), CVZ_UNIT_STATUSES);
  assert_true(H5Tenum_valueof(type, "dead", &dead) >= 0);
  assert_int_equal(dead, CVZ_UNIT_DEAD);
  read_dataset(file, "status", type, 1, (hsize_t[]){COUNT}, status);
  for (int i = 0; i < COUNT; i++) assert_int_equal(status[i], CVZ_UNIT_DEAD);
  H5Tclose(type);
  H5Dclose(dataset);
  H5Fclose(file);
}

/* Reads a scalar attribute; a text is to be freed by H5free_memory. */
static void read_attribute(hid_t file, const char *object, const char *key, void *value)
{
  const hid_t attribute = H5Aopen_by_name(file, object, key, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(attribute >= 0);
  const hid_t type = H5Aget_type(attribute);
  if (H5Tis_variable_str(type) > 0) assert_int_equal(H5Tget_cset(type), H5T_CSET_UTF8);
  assert_true(H5Aread(attribute, type, value) >= 0);
  H5Tclose(type);
  H5Aclose(attribute);
}

static void attributes_are_exact_and_texts_valid_utf8(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  int64_t seed = 0;
  double rate = 0;
  char *text;
  write_layer(&info, 1);
  const hid_t file = open_layer(state, "layers/a.h5");
  read_attribute(file, "/", "seed", &seed);
  read_attribute(file, "/", "learning_rate", &rate);
  assert_true(seed == INT64_MIN && rate == 0.1);
  static const char *const texts[][3] = {{"/", "layer", "conv/\xef\xbf\xbd<b>"},
                                         {"/", "empty", ""},
                                         {"/", "format", "convviz-mpi layer"},
                                         {"/raw", "units", "input range of the network"}};
  for (int i = 0; i < 4; i++) {
    read_attribute(file, texts[i][0], texts[i][1], &text);
    assert_string_equal(text, texts[i][2]);
    H5free_memory(text);
  }
  H5Fclose(file);
}

static void units_that_were_not_put_are_black_and_missing(void **state)
{
  cvz_layer_file_info info = info_of(state, "a");
  info.count = 3, info.keep_raw = false;
  cvz_layer_file *file;
  cvz_error error;
  static uint8_t tiles[3][SIDE * SIDE * 3], status[3];
  float loss[3][STEPS];
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_OK);
  assert_int_equal(put(file, &info, 1, &error), CVZ_OK);
  assert_int_equal(cvz_layer_file_finish(file, &error), CVZ_OK);
  const hid_t h5 = open_layer(state, "layers/a.h5");
  read_dataset(h5, "tiles", H5T_NATIVE_UINT8, 4, (hsize_t[]){3, SIDE, SIDE, 3}, tiles);
  read_dataset(h5, "loss", H5T_NATIVE_FLOAT, 2, (hsize_t[]){3, STEPS}, loss);
  const hid_t dataset = H5Dopen2(h5, "status", H5P_DEFAULT), type = H5Dget_type(dataset);
  read_dataset(h5, "status", type, 1, (hsize_t[]){3}, status);
  assert_int_equal(H5Lexists(h5, "raw", H5P_DEFAULT), 0);
  assert_true(tiles[0][0] == 0 && tiles[1][0] != 0 && tiles[2][5] == 0);
  assert_true(isnan(loss[0][0]) && loss[1][0] == 1 && isnan(loss[2][1]));
  assert_true(status[0] == CVZ_UNIT_MISSING && status[1] == CVZ_UNIT_DEAD && status[2] == CVZ_UNIT_MISSING);
  H5Tclose(type);
  H5Dclose(dataset);
  H5Fclose(h5);
}

static void the_last_row_of_the_grid_is_filled_with_black(void **state)
{
  cvz_layer_file_info info = info_of(state, "a");
  cvz_picture picture;
  info.count = 3, info.channels = 1, info.tile_width = 20, info.tile_height = 10, info.margin = 2;
  write_layer(&info, 1);
  assert_int_equal(cvz_png_read(&picture, scratch_path(state, "layers/a.png"), 1, NULL), CVZ_OK);
  assert_int_equal(picture.width, 42);
  assert_int_equal(picture.height, 22);
  assert_int_equal(picture.pixels[12 * 42], sample(2, 0));
  assert_int_equal(picture.pixels[12 * 42 + 19], sample(2, 19));
  for (int y = 10; y < 22; y++)
    for (int x = 20; x < 42; x++) assert_int_equal(picture.pixels[y * 42 + x], 0);
  free(picture.pixels);
}

static void layers_without_steps_and_with_four_channels_are_written(void **state)
{
  cvz_layer_file_info info = info_of(state, "a");
  info.count = 2, info.channels = 4, info.steps = 0;
  write_layer(&info, 1);
  const hid_t file = open_layer(state, "layers/a.h5");
  read_dataset(file, "loss", H5T_NATIVE_FLOAT, 2, (hsize_t[]){2, 0}, NULL);
  H5Fclose(file);
}

static void many_layers_can_be_open_at_a_time(void **state)
{
  cvz_layer_file *files[20];
  cvz_error error;
  char stem[20][16];
  cvz_layer_file_info info = info_of(state, NULL);
  info.count = 4, info.tile_height = 10, info.tile_width = 10;
  for (int i = 0; i < 20; i++) {
    snprintf(stem[i], sizeof stem[i], "l%d", i);
    info.stem = stem[i];
    assert_int_equal(cvz_layer_file_create(&files[i], &info, &error), CVZ_OK);
  }
  for (int unit = 0; unit < 4; unit++)
    for (int i = 0; i < 20; i++) assert_int_equal(put(files[i], &info, (unit + i) % 4, &error), CVZ_OK);
  for (int i = 19; i >= 0; i--) assert_int_equal(cvz_layer_file_finish(files[i], &error), CVZ_OK);
  assert_int_equal(scratch_count(layers(state)), 40);
  assert_true(scratch_same(scratch_path(state, "layers/l0.h5"), scratch_path(state, "layers/l19.h5")));
}

static void discard_removes_the_temporaries(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  cvz_layer_file *file;
  cvz_error error;
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_OK);
  assert_true(scratch_has(scratch_path(state, "layers/.a.h5.tmp")));
  assert_int_equal(put(file, &info, 1, &error), CVZ_OK);
  cvz_layer_file_discard(file);
  assert_int_equal(scratch_count(layers(state)), 0);
  cvz_layer_file_discard(NULL);
}

static struct rlimit unlimited;

static void limit_files(rlim_t bytes)
{
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, unlimited.rlim_max});
}

static void assert_too_large(void **state, const char *name, const cvz_error *error)
{
  char expected[600];
  snprintf(expected, sizeof expected, "write '%s': File too large", scratch_path(state, name));
  assert_string_equal(error->text, expected);
}

/* 0 .. 3 KB: within HDF5's own structures; then between and in the datasets. */
static void a_file_that_cannot_have_its_size_is_refused_at_the_start(void **state)
{
  static const rlim_t limits[] = {0, 1, 100, 1000, 3000, 10000, 100000, 3000000};
  const cvz_layer_file_info info = info_of(state, "a");
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    cvz_layer_file *file;
    cvz_error error = {0};
    const int descriptors = scratch_count("/proc/self/fd");
    limit_files(limits[i]);
    const cvz_status status = cvz_layer_file_create(&file, &info, &error);
    setrlimit(RLIMIT_FSIZE, &unlimited);
    assert_int_equal(status, CVZ_E_IO);
    assert_too_large(state, "layers/a.h5", &error);
    assert_int_equal(scratch_count(layers(state)), 0);
    assert_int_equal(scratch_count("/proc/self/fd"), descriptors);
    assert_int_equal(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
  }
  write_layer(&info, 1);
}

static void a_put_that_fails_can_be_discarded(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  cvz_layer_file *file;
  cvz_error error;
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_OK);
  limit_files(100000);
  const cvz_status status = put(file, &info, COUNT - 1, &error);
  setrlimit(RLIMIT_FSIZE, &unlimited);
  assert_int_equal(status, CVZ_E_IO);
  assert_too_large(state, "layers/a.h5", &error);
  cvz_layer_file_discard(file);
  assert_int_equal(scratch_count(layers(state)), 0);
}

static void a_picture_that_cannot_be_written_leaves_nothing(void **state)
{
  static const rlim_t limits[] = {0, 20, 5000, 1000000};
  const cvz_layer_file_info info = info_of(state, "a");
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    cvz_layer_file *file;
    cvz_error error;
    assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_OK);
    srand(1);
    for (int unit = 0; unit < COUNT; unit++) {
      static uint8_t noise[SIDE * SIDE * 3];
      static const float loss[STEPS];
      for (size_t j = 0; j < sizeof noise; j++) noise[j] = (uint8_t)rand();
      const cvz_result result = {.filter = filters[unit], .status = CVZ_UNIT_OK, .tile = noise, .loss = loss};
      assert_int_equal(cvz_layer_file_put(file, unit, &result, &error), CVZ_OK);
    }
    limit_files(limits[i]);
    const cvz_status status = cvz_layer_file_finish(file, &error);
    setrlimit(RLIMIT_FSIZE, &unlimited);
    assert_int_equal(status, CVZ_E_IO);
    assert_too_large(state, "layers/a.png", &error);
    assert_int_equal(scratch_count(layers(state)), 0);
  }
}

static void the_data_are_removed_if_the_picture_cannot_get_its_name(void **state)
{
  const cvz_layer_file_info info = info_of(state, "a");
  cvz_layer_file *file;
  cvz_error error;
  mkdir(scratch_path(state, "layers/a.png"), 0777);
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_OK);
  assert_int_equal(cvz_layer_file_finish(file, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "a.png': Is a directory"));
  assert_int_equal(scratch_count(layers(state)), 1);
}

static void impossible_layers_are_refused(void **state)
{
  cvz_layer_file_info info = info_of(state, "a");
  cvz_layer_file *file;
  cvz_error error;
  info.channels = 2;
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_E_RANGE);
  info = info_of(state, "a");
  info.count = 0;
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_E_RANGE);
  info = info_of(state, "no/where");
  assert_int_equal(cvz_layer_file_create(&file, &info, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "layers/no/where.h5': No such file or directory"));
  assert_int_equal(scratch_count(layers(state)), 0);
}

int main(void)
{
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &unlimited);
#define WITH_LAYERS(test) cmocka_unit_test_setup_teardown(test, setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_LAYERS(sixty_four_tiles_of_130_make_a_picture_of_1075),
      WITH_LAYERS(the_bytes_do_not_depend_on_the_order),
      WITH_LAYERS(every_dataset_holds_what_was_put),
      WITH_LAYERS(attributes_are_exact_and_texts_valid_utf8),
      WITH_LAYERS(units_that_were_not_put_are_black_and_missing),
      WITH_LAYERS(the_last_row_of_the_grid_is_filled_with_black),
      WITH_LAYERS(layers_without_steps_and_with_four_channels_are_written),
      WITH_LAYERS(many_layers_can_be_open_at_a_time),
      WITH_LAYERS(discard_removes_the_temporaries),
      WITH_LAYERS(a_file_that_cannot_have_its_size_is_refused_at_the_start),
      WITH_LAYERS(a_put_that_fails_can_be_discarded),
      WITH_LAYERS(a_picture_that_cannot_be_written_leaves_nothing),
      WITH_LAYERS(the_data_are_removed_if_the_picture_cannot_get_its_name),
      WITH_LAYERS(impossible_layers_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
