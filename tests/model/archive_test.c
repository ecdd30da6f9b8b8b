/* .keras archives with damage: an error of one line or a model, never a crash or a process that does not end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hdf5.h>
#include <zip.h>
#include <zlib.h>

#include "../base/scratch.h"
#include "model/keras.h"

#define FIXTURE CVZ_SOURCE_DIR "/tests/model/fixtures/keras-3.15.1.keras.gz"

static cvz_error failure;

/* ---- Archives and their parts */

typedef struct bytes {
  char *data;
  size_t count;
} bytes;

static bytes unpack_fixture(void)
{
  bytes all = {malloc(1 << 20), 0};
  const gzFile file = gzopen(FIXTURE, "rb");
  assert_non_null(file);
  all.count = (size_t)gzread(file, all.data, 1 << 20);
  gzclose(file);
  return all;
}

static bytes read_member(const char *path, const char *name)
{
  zip_t *zip = zip_open(path, ZIP_RDONLY, NULL);
  zip_stat_t info;
  assert_non_null(zip);
  assert_int_equal(zip_stat(zip, name, 0, &info), 0);
  bytes member = {malloc(info.size), info.size};
  zip_file_t *file = zip_fopen(zip, name, 0);
  assert_int_equal(zip_fread(file, member.data, member.count), member.count);
  zip_fclose(file);
  zip_discard(zip);
  return member;
}

static void write_archive(const char *path, bytes config, bytes weights)
{
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  assert_non_null(zip);
  zip_file_add(zip, "config.json", zip_source_buffer(zip, config.data, config.count, 0), 0);
  zip_file_add(zip, "model.weights.h5", zip_source_buffer(zip, weights.data, weights.count, 0), 0);
  assert_int_equal(zip_close(zip), 0);
}

/* ---- Reading and damaging them */

static cvz_status load(const char *path, cvz_graph *graph, float **values)
{
  cvz_keras_file *file;
  *graph = (cvz_graph){0};
  *values = NULL;
  failure.text[0] = 0;
  CVZ_TRY(cvz_keras_open(&file, path, NULL, &failure));
  cvz_status status = cvz_keras_graph(graph, file, &failure);
  if (status == CVZ_OK) {
    *values = calloc(graph->value_count + 1, sizeof(float));
    if (*values) status = cvz_keras_read(file, graph, NULL, *values, NULL, &failure);
  }
  cvz_keras_close(file);
  return status;
}

static void expect_model_or_line(const char *path)
{
  cvz_graph graph;
  float *values;
  if (load(path, &graph, &values) != CVZ_OK) {
    assert_true(failure.text[0]);
    assert_null(strchr(failure.text, '\n'));
  }
  cvz_graph_free(&graph);
  free(values);
}

static uint32_t next(uint32_t *random)
{
  *random = *random * 1664525u + 1013904223u;
  return *random >> 8;
}

/* A copy with up to 4 bytes changed, to anything or to what is an edge of something. */
static bytes damage(bytes whole, uint32_t *random)
{
  static const char edges[] = {0, 1, 0x7f, (char)0x80, (char)0xff};
  const bytes copy = {malloc(whole.count), whole.count};
  memcpy(copy.data, whole.data, whole.count);
  for (uint32_t i = next(random) % 4 + 1; i > 0; i--) {
    const char any = (char)next(random), edge = edges[next(random) % sizeof edges];
    copy.data[next(random) % whole.count] = next(random) % 2 ? any : edge;
  }
  return copy;
}

/* CVZ_FUZZ_ROUNDS makes it longer. */
static int rounds(void)
{
  const char *wanted = getenv("CVZ_FUZZ_ROUNDS");
  return wanted ? atoi(wanted) : 150;
}

/* ---- Tests */

/* 27 weights: first, twice, last, conv, hidden and classes have 2 each, depthwise 1, separable 3, the norms 4, 4 and 3.
 */
static void an_archive_is_read_whole(void **state)
{
  const bytes whole = unpack_fixture();
  const char *path = scratch_path(state, "model");
  scratch_write(path, whole.data, whole.count);
  cvz_graph graph;
  float *values;
  if (load(path, &graph, &values) != CVZ_OK) fail_msg("%s", failure.text);
  for (int i = 0; i < graph.layer_count; i++) assert_null(graph.layers[i].problem);
  assert_int_equal(graph.weight_count, 27);
  cvz_graph_free(&graph);
  free(values);
  free(whole.data);
}

/* Most of these are found by the checksums, or are not in what is read. */
static void damage_anywhere(void **state)
{
  const bytes whole = unpack_fixture();
  const char *path = scratch_path(state, "model");
  uint32_t random = 1;
  for (int i = 0; i < rounds(); i++) {
    const bytes copy = damage(whole, &random);
    scratch_write(path, copy.data, next(&random) % 4 ? copy.count : next(&random) % copy.count);
    free(copy.data);
    expect_model_or_line(path);
  }
  free(whole.data);
}

/* Directories of the archive: where the sizes, methods and places of its members are. */
static void damage_of_the_directory(void **state)
{
  const bytes whole = unpack_fixture();
  const char *path = scratch_path(state, "model");
  const size_t directory = (size_t)((char *)memmem(whole.data, whole.count, "PK\1\2", 4) - whole.data);
  uint32_t random = 2;
  for (int i = 0; i < rounds(); i++) {
    const bytes tail = damage((bytes){whole.data + directory, whole.count - directory}, &random);
    bytes copy = {malloc(whole.count), whole.count};
    memcpy(copy.data, whole.data, directory);
    memcpy(copy.data + directory, tail.data, tail.count);
    scratch_write(path, copy.data, copy.count);
    free(tail.data);
    free(copy.data);
    expect_model_or_line(path);
  }
  free(whole.data);
}

/* With the right checksums around it. */
static void damage_of_a_member(void **state, bool of_config)
{
  const bytes whole = unpack_fixture();
  const char *source = scratch_path(state, "whole"), *path = scratch_path(state, "model");
  scratch_write(source, whole.data, whole.count);
  const bytes config = read_member(source, "config.json"), weights = read_member(source, "model.weights.h5");
  uint32_t random = 3;
  for (int i = 0; i < rounds(); i++) {
    const bytes copy = damage(of_config ? config : weights, &random);
    write_archive(path, of_config ? copy : config, of_config ? weights : copy);
    free(copy.data);
    expect_model_or_line(path);
  }
  free(config.data);
  free(weights.data);
  free(whole.data);
}

static void damage_of_the_configuration(void **state)
{
  damage_of_a_member(state, true);
}

static void damage_of_the_weights(void **state)
{
  damage_of_a_member(state, false);
}

static void reading_leaves_nothing_open(void **state)
{
  const bytes whole = unpack_fixture();
  const char *path = scratch_path(state, "model");
  scratch_write(path, whole.data, whole.count);
  const int before = scratch_count("/proc/self/fd");
  const ssize_t objects = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
  expect_model_or_line(path);
  scratch_write(path, whole.data, whole.count / 2);
  expect_model_or_line(path);
  assert_true(failure.text[0]);
  assert_int_equal(scratch_count("/proc/self/fd"), before);
  assert_int_equal(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), objects);
  free(whole.data);
}

/* HDF5 1.10.8 itself keeps a few bytes of some damaged files. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
  return "leak:libhdf5\n";
}

int main(void)
{
  H5dont_atexit(); /* nor does it close cleanly after those */
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(an_archive_is_read_whole), TEST(reading_leaves_nothing_open), TEST(damage_anywhere),
      TEST(damage_of_the_directory),  TEST(damage_of_the_configuration), TEST(damage_of_the_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
