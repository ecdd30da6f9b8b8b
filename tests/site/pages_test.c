#include "site/pages.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/scratch.h"
#include "site/times.h"

static const cvz_attribute attributes[] = {
    {.key = "model", .kind = CVZ_ATTRIBUTE_TEXT, .text = "<net> & \"co\"\xe2\x80\xa8.h5"},
    {.key = "limit", .kind = CVZ_ATTRIBUTE_REAL, .real = INFINITY},
};

static const cvz_output_layer layers[] = {
    {.name = "</script><script>alert(1)</script>\xff",
     .class_name = "Conv2D<",
     .asked = {"a", "channel", true},
     .stem = "a_b",
     .count = 4},
    {.name = "b",
     .class_name = "ReLU",
     .asked = {"b", "channel", true},
     .stem = "b",
     .count = 2,
     .summary = {.by_status = {0, 2}, .best_loss = NAN}},
};

static const cvz_manifest manifest = {
    .attributes = attributes, .attribute_count = 2, .layers = layers, .layer_count = 2};

static char *job_of(void **state)
{
  size_t bytes;
  return scratch_read(scratch_path(state, "site/job.js"), &bytes);
}

/* Printable ASCII and no other: nothing that ends a line of a script or is not UTF-8. */
static void the_job_is_one_call_in_plain_ascii(void **state)
{
  cvz_error error;
  assert_int_equal(cvz_pages_job(((scratch *)*state)->path, &manifest, (cvz_pages_progress){3, 6}, &error), CVZ_OK);
  char *job = job_of(state);
  assert_ptr_equal(strstr(job, "atlas.setJob({\"done\":3,\"total\":6},{\"format\""), job);
  for (size_t i = 0; i + 1 < strlen(job); i++) assert_in_range(job[i], ' ', '~');
  assert_string_equal(job + strlen(job) - 4, "});\n");
  assert_non_null(strstr(job, "\\u2028"));
  assert_non_null(strstr(job, "\"limit\":null"));
  free(job);
}

static void the_pages_name_nothing_from_elsewhere(void **state)
{
  cvz_error error;
  size_t bytes;
  assert_int_equal(cvz_pages_write(((scratch *)*state)->path, &error), CVZ_OK);
  char *page = scratch_read(scratch_path(state, "index.html"), &bytes);
  assert_non_null(strstr(page, "default-src 'none'"));
  assert_null(strstr(page, "http:"));
  assert_null(strstr(page, "https:"));
  assert_null(strstr(page, "=\"//"));
  for (char *next = page; (next = strstr(next, "src=\"")); next += 5) {
    char name[64] = "";
    sscanf(next + 5, "%63[^\"]", name);
    assert_true(!strcmp(name, "site/job.js") || scratch_has(scratch_path(state, name)));
  }
  free(page);
}

static void a_finished_job_is_done_and_has_its_times(void **state)
{
  cvz_error error;
  assert_int_equal(cvz_pages_finish(((scratch *)*state)->path, &manifest, &error), CVZ_OK);
  char *job = job_of(state);
  assert_ptr_equal(strstr(job, "atlas.setJob({\"done\":6,\"total\":6},"), job);
  assert_true(scratch_has(scratch_path(state, "manifest.json")));
  assert_true(scratch_has(scratch_path(state, "site/times.js")));
  free(job);
}

static void times_are_appended_line_by_line(void **state)
{
  cvz_times *times;
  cvz_error error;
  size_t bytes;
  for (int run = 0; run < 2; run++) {
    assert_int_equal(cvz_times_open(&times, ((scratch *)*state)->path, &error), CVZ_OK);
    assert_int_equal(cvz_times_add(times, "a", 7 + run, 3, 1.23456, &error), CVZ_OK);
    cvz_times_close(times);
  }
  char *text = scratch_read(scratch_path(state, "site/times.js"), &bytes);
  assert_string_equal(text, "atlas.addTime(\"a\",7,3,1.23);\natlas.addTime(\"a\",8,3,1.23);\n");
  free(text);
}

static void a_page_that_cannot_be_written_is_an_error(void **state)
{
  cvz_error error;
  const char *path = scratch_path(state, "nowhere");
  assert_int_equal(cvz_pages_finish(path, &manifest, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "No such file or directory"));
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup_results, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_SCRATCH(the_job_is_one_call_in_plain_ascii),        WITH_SCRATCH(the_pages_name_nothing_from_elsewhere),
      WITH_SCRATCH(a_finished_job_is_done_and_has_its_times),  WITH_SCRATCH(times_are_appended_line_by_line),
      WITH_SCRATCH(a_page_that_cannot_be_written_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
