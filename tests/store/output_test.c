#include "store/output.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/scratch.h"

enum { NOBODY = 65534 };

static const cvz_attribute attributes[] = {
    {.key = "program", .kind = CVZ_ATTRIBUTE_TEXT, .text = "convviz-mpi"},
    {.key = "model", .kind = CVZ_ATTRIBUTE_TEXT, .text = "bad\xc3(\"\n"},
    {.key = "learning_rate", .kind = CVZ_ATTRIBUTE_REAL, .real = 0.1},
    {.key = "limit", .kind = CVZ_ATTRIBUTE_REAL, .real = INFINITY},
    {.key = "seed", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = INT64_MAX},
};
static const int attribute_count = sizeof attributes / sizeof *attributes;

static const cvz_output_layer layers[] = {
    {.name = "inner/conv",
     .class_name = "Conv2D",
     .asked = {"inner/conv", "channel", true},
     .stem = "inner.conv",
     .shape = "8 x 8 x 4",
     .count = 4,
     .columns = 2,
     .tile_width = 30,
     .tile_height = 20,
     .summary = {{0, 3, 1, 0}, 1.1f, 2, {3, 0}, {1.1f, 1}}},
    {.name = "b",
     .class_name = "ReLU",
     .asked = {NULL, "neuron:b:1:0,0", false},
     .stem = "b",
     .count = 1,
     .columns = 1,
     .summary.best_loss = NAN},
};

static void touch(void **state, const char *name)
{
  scratch_write(scratch_path(state, name), "x", 1);
}

static void a_new_directory_is_made_with_its_folders(void **state)
{
  const char *path = scratch_path(state, "a/b");
  cvz_error error;
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  assert_int_equal(scratch_count(path), 3);
  assert_int_equal(scratch_count(scratch_path(state, "a/b/site")), 1);
  assert_int_equal(scratch_count(scratch_path(state, "a/b/layers")), 0);
  assert_int_equal(scratch_count(scratch_path(state, "a/b/journal")), 0);
}

static void a_directory_with_results_is_refused_and_untouched(void **state)
{
  static const char *const results[] = {"out/manifest.json", "out/layers/a.h5", "out/layers/a.png"};
  const char *path = scratch_path(state, "out");
  cvz_error error;
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  for (int i = 0; i < 3; i++) {
    touch(state, results[i]);
    touch(state, "out/layers/.b.h5.tmp");
    assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_E_USAGE);
    assert_true(scratch_has(scratch_path(state, results[i])));
    assert_true(scratch_has(scratch_path(state, "out/layers/.b.h5.tmp")));
    unlink(scratch_path(state, results[i]));
  }
  assert_non_null(strstr(error.text, "has the results of a job"));
}

static void overwrite_removes_results_and_nothing_else(void **state)
{
  static const char *const ours[] = {"out/manifest.json",      "out/index.html",      "out/layers/a.h5",
                                     "out/layers/a.png",       "out/site/job.js",     "out/layers/.b.png.tmp",
                                     "out/.manifest.json.tmp", "out/layers/a+2.png",  "out/site/layers/a.js",
                                     "out/site/layers/a.png",  "out/site/.job.js.tmp"};
  static const char *const others[] = {
      "out/notes.txt",     "out/a.png",         "out/layers/notes.md",  "out/layers/.hidden.png", "out/.other.tmp",
      "out/layers/.x.tmp", "out/site/mine.txt", "out/site/layers/a.h5", "out/site/.x.png.tmp",    "out/layers/a.js",
      "out/x.css"};
  const char *path = scratch_path(state, "out");
  cvz_error error;
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  for (int i = 0; i < 11; i++) {
    touch(state, ours[i]);
    touch(state, others[i]);
  }
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_OVERWRITE, &error), CVZ_OK);
  for (int i = 0; i < 11; i++) {
    assert_false(scratch_has(scratch_path(state, ours[i])));
    assert_true(scratch_has(scratch_path(state, others[i])));
  }
}

static void leftovers_of_a_dead_job_are_removed(void **state)
{
  static const char *const leftovers[] = {"out/layers/.a.h5.tmp", "out/layers/.a.png.tmp", "out/.index.html.tmp",
                                          "out/.manifest.json.tmp"};
  const char *path = scratch_path(state, "out");
  cvz_error error;
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  for (int i = 0; i < 4; i++) touch(state, leftovers[i]);
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  for (int i = 0; i < 4; i++) assert_false(scratch_has(scratch_path(state, leftovers[i])));
}

static void a_file_in_the_place_of_the_directory_is_an_error(void **state)
{
  const char *path = scratch_path(state, "out");
  cvz_error error;
  touch(state, "out");
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_OVERWRITE, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "Not a directory"));
  assert_true(scratch_has(path));
}

/* The super-user may write everywhere: become nobody for the call. */
static void a_directory_that_cannot_be_written_is_an_error_of_one_line(void **state)
{
  const char *path = scratch_path(state, "out");
  cvz_error error;
  char expected[600];
  assert_int_equal(cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error), CVZ_OK);
  chmod(((scratch *)*state)->path, 0755);
  chmod(path, 0555);
  if (!geteuid() && seteuid(NOBODY)) skip();
  const bool reachable = !eaccess(path, X_OK);
  const cvz_status status = cvz_output_prepare(path, CVZ_OUTPUT_NEW, &error);
  if (!getuid() && seteuid(0)) fail();
  chmod(path, 0777);
  if (!reachable) skip();
  assert_int_equal(status, CVZ_E_IO);
  snprintf(expected, sizeof expected, "write '%s': Permission denied", path);
  assert_string_equal(error.text, expected);
}

static cvz_manifest manifest_of(int layer_count)
{
  return (cvz_manifest){.attributes = attributes,
                        .attribute_count = attribute_count,
                        .layers = layers,
                        .layer_count = layer_count,
                        .network = "[{\"name\":\"a\"}]"};
}

static void the_manifest_tells_all_in_valid_json(void **state)
{
  const cvz_manifest manifest = manifest_of(2);
  cvz_error error;
  const char *path = ((scratch *)*state)->path;
  assert_int_equal(cvz_manifest_write(path, &manifest, &error), CVZ_OK);
  json_t *root = json_load_file(scratch_path(state, "manifest.json"), JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(root);
  json_t *job = json_object_get(root, "job");
  const json_t *layer = json_array_get(json_object_get(root, "layers"), 0);
  assert_string_equal(json_string_value(json_object_get(job, "model")), "bad\xef\xbf\xbd(\"\n");
  assert_true(json_real_value(json_object_get(job, "learning_rate")) == 0.1);
  assert_true(json_is_null(json_object_get(job, "limit")));
  assert_true(json_integer_value(json_object_get(job, "seed")) == INT64_MAX);
  assert_string_equal(json_string_value(json_object_get(layer, "data")), "layers/inner.conv.h5");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(layer, "status"), "dead")), 1);
  assert_true(json_is_null(json_object_get(json_array_get(json_object_get(root, "layers"), 1), "best_loss")));
  json_decref(root);
}

static void the_manifest_is_the_same_every_time_and_in_our_order(void **state)
{
  const cvz_manifest manifest = manifest_of(1);
  cvz_error error;
  size_t bytes = 0;
  const char *path = ((scratch *)*state)->path;
  assert_int_equal(cvz_manifest_write(path, &manifest, &error), CVZ_OK);
  char *text = scratch_read(scratch_path(state, "manifest.json"), &bytes);
  assert_string_equal(text, "{\n"
                            "  \"format\": \"convviz-mpi manifest\",\n"
                            "  \"format_version\": 1,\n"
                            "  \"job\": {\n"
                            "    \"program\": \"convviz-mpi\",\n"
                            "    \"model\": \"bad\xef\xbf\xbd(\\\"\\n\",\n"
                            "    \"learning_rate\": 0.1,\n"
                            "    \"limit\": null,\n"
                            "    \"seed\": 9223372036854775807\n"
                            "  },\n"
                            "  \"changes\": {},\n"
                            "  \"layers\": [\n"
                            "    {\n"
                            "      \"name\": \"inner/conv\",\n"
                            "      \"class\": \"Conv2D\",\n"
                            "      \"asked\": {\n"
                            "        \"layer\": \"inner/conv\",\n"
                            "        \"objective\": \"channel\",\n"
                            "        \"by_filter\": true\n"
                            "      },\n"
                            "      \"shape\": \"8 x 8 x 4\",\n"
                            "      \"data\": \"layers/inner.conv.h5\",\n"
                            "      \"grid\": \"layers/inner.conv.png\",\n"
                            "      \"filters\": 4,\n"
                            "      \"columns\": 2,\n"
                            "      \"tile\": [\n"
                            "        30,\n"
                            "        20\n"
                            "      ],\n"
                            "      \"status\": {\n"
                            "        \"missing\": 0,\n"
                            "        \"ok\": 3,\n"
                            "        \"dead\": 1,\n"
                            "        \"nan\": 0,\n"
                            "        \"rescued\": 0,\n"
                            "        \"weak\": 0\n"
                            "      },\n"
                            "      \"best_loss\": 1.10000002,\n"
                            "      \"best\": [\n"
                            "        3,\n"
                            "        0\n"
                            "      ]\n"
                            "    }\n"
                            "  ],\n"
                            "  \"network\": [\n"
                            "    {\n"
                            "      \"name\": \"a\"\n"
                            "    }\n"
                            "  ]\n"
                            "}\n");
  free(text);
}

static void a_manifest_that_cannot_be_written_is_an_error(void **state)
{
  const cvz_manifest manifest = manifest_of(1);
  cvz_error error;
  const char *path = scratch_path(state, "nowhere");
  assert_int_equal(cvz_manifest_write(path, &manifest, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "nowhere/manifest.json': No such file or directory"));
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_SCRATCH(a_new_directory_is_made_with_its_folders),
      WITH_SCRATCH(a_directory_with_results_is_refused_and_untouched),
      WITH_SCRATCH(overwrite_removes_results_and_nothing_else),
      WITH_SCRATCH(leftovers_of_a_dead_job_are_removed),
      WITH_SCRATCH(a_file_in_the_place_of_the_directory_is_an_error),
      WITH_SCRATCH(a_directory_that_cannot_be_written_is_an_error_of_one_line),
      WITH_SCRATCH(the_manifest_tells_all_in_valid_json),
      WITH_SCRATCH(the_manifest_is_the_same_every_time_and_in_our_order),
      WITH_SCRATCH(a_manifest_that_cannot_be_written_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
