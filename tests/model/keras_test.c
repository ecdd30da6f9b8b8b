/* Keras files: the bundled one, and small ones that are made here with HDF5's own functions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hdf5.h>

#include "../base/scratch.h"
#include "model/keras.h"

#define BUNDLED CVZ_SOURCE_DIR "/weights/inception_v3_imagenet_mixed5.h5"

#define assert_contains(text, part)                                                                                    \
  do {                                                                                                                 \
    if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);                                          \
  } while (0)

static cvz_error failure;

/* ---- Making files */

static const char config[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"tiny\", \"layers\": [{\"class_name\": \"Conv2D\", "
    "\"config\": "
    "{\"name\": \"conv\", \"filters\": 2, \"kernel_size\": [1, 1], \"batch_input_shape\": [null, null, null, 3]}}]}}";

static void write_variable(hid_t object, const char *name, const char *const *texts, hsize_t count)
{
  const hid_t type = H5Tcopy(H5T_C_S1), space = count ? H5Screate_simple(1, &count, NULL) : H5Screate(H5S_SCALAR);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(attribute, type, texts) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

/* Texts of `length` bytes, without a NUL where they fill it. */
static void write_fixed(hid_t object, const char *name, const char *texts, size_t length, hsize_t count)
{
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &count, NULL);
  H5Tset_size(type, length);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(attribute, type, texts) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

/* What may be odd about a file. */
typedef struct oddity {
  bool split, fixed, no_bias, wide_kernel, weights_only, chunks, packed, opaque;
  hid_t type;
  const float *kernel;
} oddity;

/* bfloat16 as h5py writes it: two bytes of which HDF5 knows nothing, the upper half of a float32. */
static void write_opaque(hid_t group, const char *name, hid_t space, const float *values)
{
  uint16_t halves[16];
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  for (hssize_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    halves[i] = (uint16_t)(bits >> 16);
  }
  const hid_t type = H5Tcreate(H5T_OPAQUE, sizeof *halves);
  const hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, halves) >= 0);
  H5Dclose(dataset);
  H5Tclose(type);
}

static void write_numbers(hid_t group, const char *name, const oddity *odd, int rank, const hsize_t *dims,
                          const float *values)
{
  const hid_t space = H5Screate_simple(rank, dims, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  if (odd->chunks) H5Pset_chunk(list, rank, dims);
  if (odd->packed) assert_true(H5Pset_shuffle(list) >= 0 && H5Pset_deflate(list, 9) >= 0);
  if (odd->opaque) {
    write_opaque(group, name, space, values);
    H5Pclose(list);
    H5Sclose(space);
    return;
  }
  const hid_t type = odd->type ? odd->type : H5T_IEEE_F32LE;
  const hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Pclose(list);
  H5Dclose(dataset);
  H5Sclose(space);
}

static const hsize_t kernel_dims[] = {1, 1, 3, 2}, bias_dims[] = {2};
static const float kernel[] = {0.5f, -1, 2, 0.25f, 3, -4}, bias[] = {8, 16};

static void write_layer(hid_t weights, const oddity *odd)
{
  const hid_t group = H5Gcreate2(weights, "conv", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const char *names[] = {"kernel:0", "bias:0"};
  if (odd->split) {
    write_variable(group, "weight_names0", names, 1);
    write_variable(group, "weight_names1", names + 1, 1);
  } else if (odd->fixed) {
    write_fixed(group, "weight_names", "kernel:0bias:0\0\0", 8, 2);
  } else {
    write_variable(group, "weight_names", names, 2);
  }
  const hsize_t wide[] = {1, 3, 1, 2};
  write_numbers(group, "kernel:0", odd, 4, odd->wide_kernel ? wide : kernel_dims, odd->kernel ? odd->kernel : kernel);
  if (!odd->no_bias) write_numbers(group, "bias:0", odd, 1, bias_dims, bias);
  H5Gclose(group);
}

static const char *make_file(void **state, const oddity *odd)
{
  const char *path = scratch_path(state, "model.h5"), *text = config;
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t weights = odd->weights_only ? H5Gopen2(file, "/", H5P_DEFAULT)
                                          : H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const char *names[] = {"conv"};
  if (!odd->weights_only && odd->fixed)
    write_fixed(file, "model_config", config, strlen(config), 1);
  else if (!odd->weights_only)
    write_variable(file, "model_config", &text, 0);
  write_variable(weights, odd->split ? "layer_names0" : "layer_names", names, 1);
  write_layer(weights, odd);
  H5Gclose(weights);
  H5Fclose(file);
  return path;
}

/* ---- Reading them */

static cvz_status load(const char *path, const char *arch, cvz_graph *graph, float **values, FILE *warnings)
{
  cvz_keras_file *file;
  *graph = (cvz_graph){0};
  *values = NULL;
  cvz_status status = cvz_keras_open(&file, path, arch, &failure);
  if (status != CVZ_OK) return status;
  status = cvz_keras_graph(graph, file, &failure);
  if (status == CVZ_OK) {
    *values = calloc(graph->value_count + 1, sizeof(float));
    const cvz_log log = {warnings, CVZ_NORMAL};
    status = cvz_keras_read(file, graph, NULL, *values, &log, &failure);
  }
  cvz_keras_close(file);
  return status;
}

static cvz_status load_odd(void **state, oddity odd, cvz_graph *graph, float **values)
{
  return load(make_file(state, &odd), NULL, graph, values, NULL);
}

static void forget(cvz_graph *graph, float *values)
{
  cvz_graph_free(graph);
  free(values);
}

static void the_bundled_inception_is_whole(void **state)
{
  (void)state;
  cvz_graph graph;
  float *values;
  if (load(BUNDLED, NULL, &graph, &values, NULL) != CVZ_OK) fail_msg("%s", failure.text);
  assert_int_equal(graph.layer_count, 165);
  assert_int_equal(graph.weight_count, 200);
  for (int i = 0; i < graph.layer_count; i++) assert_true(graph.layers[i].node >= 0 && !graph.layers[i].problem);
  const cvz_layer *last = &graph.layers[cvz_graph_find_layer(&graph, "mixed5")];
  assert_int_equal(graph.nodes[last->node].op, CVZ_OP_CONCAT);
  assert_int_equal(graph.nodes[last->node].input_count, 4);
  size_t used = 0;
  for (int i = 0; i < graph.weight_count; i++) used += graph.weights[i].count;
  assert_int_equal(used, 5138656);
  forget(&graph, values);
}

static void all_attribute_layouts_give_the_same_values(void **state)
{
  const oddity layouts[] = {{0}, {.fixed = true}, {.split = true}, {.chunks = true}, {.chunks = true, .packed = true}};
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    cvz_graph graph;
    float *values;
    if (load_odd(state, layouts[i], &graph, &values) != CVZ_OK) fail_msg("%s", failure.text);
    const cvz_conv *conv = &graph.nodes[graph.layers[1].node].conv;
    assert_memory_equal(values + graph.weights[conv->kernel].offset, kernel, sizeof kernel);
    assert_memory_equal(values + graph.weights[conv->bias].offset, bias, sizeof bias);
    forget(&graph, values);
  }
}

/* A float of two bytes: float16, or bfloat16 in a library that knows it. */
static hid_t two_bytes(size_t exponent, size_t mantissa, size_t offset)
{
  const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, mantissa, exponent, 0, mantissa);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, offset);
  return type;
}

static void opaque_bfloat16_is_read(void **state)
{
  cvz_graph graph;
  float *values;
  if (load_odd(state, (oddity){.opaque = true}, &graph, &values) != CVZ_OK) fail_msg("%s", failure.text);
  assert_memory_equal(values, kernel, sizeof kernel);
  assert_memory_equal(values + graph.weights[1].offset, bias, sizeof bias);
  forget(&graph, values);
}

static void all_number_types_give_the_same_values(void **state)
{
  const hid_t half = two_bytes(5, 10, 15), brain = two_bytes(8, 7, 127);
  const hid_t types[] = {half, brain, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_IEEE_F64BE};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    cvz_graph graph;
    float *values;
    if (load_odd(state, (oddity){.type = types[i]}, &graph, &values) != CVZ_OK) fail_msg("%s", failure.text);
    assert_memory_equal(values, kernel, sizeof kernel);
    forget(&graph, values);
  }
  H5Tclose(half);
  H5Tclose(brain);
}

static void a_missing_array_is_a_problem_of_its_layer(void **state)
{
  cvz_graph graph;
  float *values;
  assert_int_equal(load_odd(state, (oddity){.no_bias = true}, &graph, &values), CVZ_OK);
  assert_int_equal(graph.layers[1].node, -1);
  assert_contains(graph.layers[1].problem, "weight bias is missing: the file lists 'conv/bias:0'");
  forget(&graph, values);
}

static void a_wrong_shape_is_a_problem_of_its_layer(void **state)
{
  cvz_graph graph;
  float *values;
  assert_int_equal(load_odd(state, (oddity){.wide_kernel = true}, &graph, &values), CVZ_OK);
  assert_string_equal(
      graph.layers[1].problem,
      "layer 'conv' (Conv2D): weight kernel has the shape [1,3,1,2] in the file, expected (1, 1, any, 2)");
  forget(&graph, values);
}

static void values_that_are_not_finite_are_warned_of(void **state)
{
  const float bad[] = {0.5f, NAN, 2, INFINITY, 3, -4};
  const oddity odd = {.kernel = bad};
  cvz_graph graph;
  float *values;
  char *text;
  size_t bytes;
  FILE *warnings = open_memstream(&text, &bytes);
  assert_int_equal(load(make_file(state, &odd), NULL, &graph, &values, warnings), CVZ_OK);
  fclose(warnings);
  assert_contains(text, "weight 'conv/kernel:0' has 2 values that are NaN or infinite");
  free(text);
  forget(&graph, values);
}

static void expect_failure(const char *path, const char *arch, cvz_status status, const char *text)
{
  cvz_graph graph;
  float *values;
  assert_int_equal(load(path, arch, &graph, &values, NULL), status);
  assert_contains(failure.text, text);
  assert_contains(failure.text, path);
  assert_null(strchr(failure.text, '\n'));
}

static void what_is_no_model_is_refused_in_one_line(void **state)
{
  const char *path = scratch_path(state, "file");
  expect_failure(scratch_path(state, "missing.h5"), NULL, CVZ_E_IO, "No such file");
  expect_failure(((scratch *)*state)->path, NULL, CVZ_E_IO, "is a directory");
  scratch_write(path, "", 0);
  expect_failure(path, NULL, CVZ_E_FORMAT, "is empty");
  scratch_write(path, "hello, world", 12);
  expect_failure(path, NULL, CVZ_E_FORMAT, "is neither HDF5 nor a .keras archive");
  scratch_write(path, "PK\3\4 and more", 13);
  expect_failure(path, NULL, CVZ_E_FORMAT, "is a truncated or damaged ZIP archive");
  H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  expect_failure(path, NULL, CVZ_E_FORMAT, "has no model_config and no layer_names");
}

static void an_architecture_is_for_weights_only(void **state)
{
  const oddity full = {0}, weights = {.weights_only = true};
  expect_failure(make_file(state, &full), "VGG16", CVZ_E_USAGE, "is a full model");
  const char *path = make_file(state, &weights);
  expect_failure(path, NULL, CVZ_E_USAGE,
                 "has no model_config: it is a weights-only file; name its architecture with --arch");
  expect_failure(path, "VGG16", CVZ_E_FORMAT, "has weights for 1 layers, expected 13 or, with the top, 16 for VGG16");
  cvz_keras_file *file;
  assert_int_equal(cvz_keras_open(&file, path, "VGG15", &failure), CVZ_E_USAGE);
  assert_contains(failure.text, "VGG16");
}

static void attributes_of_the_wrong_type_are_refused(void **state)
{
  const char *path = scratch_path(state, "typed.h5");
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
  H5Aclose(H5Acreate2(file, "model_config", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT));
  H5Sclose(space);
  H5Fclose(file);
  expect_failure(path, NULL, CVZ_E_FORMAT, "attribute model_config is no text");
}

/* HDF5 1.10.8 would walk over the first file for ever, and read outside of its memory for the second. */
static void a_broken_heap_of_texts_is_refused(void **state)
{
  static const char type[] = {16, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0};
  const oddity odd = {0};
  const char *path = make_file(state, &odd);
  size_t bytes = 0;
  char *file = scratch_read(path, &bytes);
  char *object = (char *)memmem(file, bytes, "GCOL", 4) + 16, saved[16];
  memcpy(saved, object, sizeof saved);
  memset(object, 0, sizeof saved);
  scratch_write(path, file, bytes);
  expect_failure(path, NULL, CVZ_E_FORMAT, "its heap of texts is broken");
  memcpy(object, saved, sizeof saved);
  char *dataspace = (char *)memmem(file, bytes, type, sizeof type) + sizeof type + 4;
  dataspace[8 + 12] = 99;
  scratch_write(path, file, bytes);
  expect_failure(path, NULL, CVZ_E_FORMAT, "its heap of texts is broken");
  free(file);
}

/* Chunks without dimensions, by which HDF5 1.10.8 divides: the layout's version 3, class 2 (chunks), dimensions. */
static void a_file_on_which_the_library_crashes_is_refused(void **state)
{
  static const char layout[] = {0, 0, 0, 0, 3, 2, 2};
  const oddity odd = {.chunks = true};
  const char *path = make_file(state, &odd);
  size_t bytes = 0;
  char *file = scratch_read(path, &bytes), *found = memmem(file, bytes, layout, sizeof layout);
  assert_non_null(found);
  found[6] = 0;
  scratch_write(path, file, bytes);
  expect_failure(path, NULL, CVZ_E_FORMAT, "is damaged");
  free(file);
}

/* Every prefix of a file, and files with bytes changed: an error or a model, never a crash. */
static void damaged_files_are_refused_or_read(void **state)
{
  const oddity odd = {.fixed = true};
  size_t bytes = 0;
  char *whole = scratch_read(make_file(state, &odd), &bytes);
  const char *path = scratch_path(state, "damaged.h5");
  uint32_t random = 7;
  for (int round = 0; round < 300; round++) {
    char *copy = malloc(bytes);
    memcpy(copy, whole, bytes);
    for (int i = 0; i < round % 5; i++) {
      random = random * 1664525u + 1013904223u;
      copy[(random >> 8) % bytes] = (char)(random >> 24);
    }
    scratch_write(path, copy, round % 3 ? bytes : bytes * (size_t)round / 300);
    free(copy);
    cvz_graph graph;
    float *values;
    failure.text[0] = 0;
    if (load(path, NULL, &graph, &values, NULL) != CVZ_OK) assert_true(failure.text[0]);
    forget(&graph, values);
  }
  free(whole);
}

static void reading_leaves_no_handle_open(void **state)
{
  const oddity good = {0}, bad = {.no_bias = true};
  cvz_graph graph;
  float *values;
  const ssize_t before = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL);
  assert_int_equal(load(make_file(state, &good), NULL, &graph, &values, NULL), CVZ_OK);
  forget(&graph, values);
  assert_int_equal(load(make_file(state, &bad), NULL, &graph, &values, NULL), CVZ_OK);
  forget(&graph, values);
  expect_failure(make_file(state, &good), "VGG16", CVZ_E_USAGE, "full model");
  assert_int_equal(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), before);
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
      TEST(the_bundled_inception_is_whole),
      TEST(all_attribute_layouts_give_the_same_values),
      TEST(all_number_types_give_the_same_values),
      TEST(opaque_bfloat16_is_read),
      TEST(a_missing_array_is_a_problem_of_its_layer),
      TEST(a_wrong_shape_is_a_problem_of_its_layer),
      TEST(values_that_are_not_finite_are_warned_of),
      TEST(what_is_no_model_is_refused_in_one_line),
      TEST(an_architecture_is_for_weights_only),
      TEST(attributes_of_the_wrong_type_are_refused),
      TEST(a_broken_heap_of_texts_is_refused),
      TEST(a_file_on_which_the_library_crashes_is_refused),
      TEST(damaged_files_are_refused_or_read),
      TEST(reading_leaves_no_handle_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
