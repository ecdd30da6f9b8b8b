#include "site/page.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/scratch.h"

static const cvz_attribute attributes[] = {
    {.key = "model", .kind = CVZ_ATTRIBUTE_TEXT, .text = "<net> & \"co\".h5"},
    {.key = "model_name", .kind = CVZ_ATTRIBUTE_TEXT, .text = ""},
    {.key = "learning_rate", .kind = CVZ_ATTRIBUTE_REAL, .real = 0.1},
    {.key = "iterations", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 30},
};
static const int attribute_count = sizeof attributes / sizeof *attributes;

static const cvz_output_layer hostile = {.name = "</h2><script>alert('x')</script>\"\x01\xff",
                                         .class_name = "Conv2D<",
                                         .stem = "a b?#%\"'<&\xc3\xa4",
                                         .shape = "8 x 8 x 4",
                                         .count = 4,
                                         .columns = 2,
                                         .width = 265,
                                         .height = 265,
                                         .by_status = {0, 3, 1, 0},
                                         .best_loss = 1.5f};
static const cvz_output_layer plain = {.name = "conv1",
                                       .class_name = "Conv2D",
                                       .stem = "conv1",
                                       .count = 1,
                                       .columns = 1,
                                       .by_status = {0, 1, 0, 0},
                                       .best_loss = NAN};

static char *page_of(void **state, const cvz_output_layer *layers, int count)
{
  cvz_error error;
  size_t bytes = 0;
  const char *path = ((scratch *)*state)->path;
  assert_int_equal(cvz_page_write(path, attributes, attribute_count, layers, count, &error), CVZ_OK);
  return scratch_read(scratch_path(state, "index.html"), &bytes);
}

static void names_are_escaped_in_text_and_attributes(void **state)
{
  char *page = page_of(state, &hostile, 1);
  assert_null(strstr(page, "<script"));
  assert_null(strstr(page, "Conv2D<"));
  assert_non_null(strstr(page, "<h2><bdi>&lt;/h2&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;"
                               "\xef\xbf\xbd\xef\xbf\xbd</bdi></h2>"));
  assert_non_null(strstr(page, "<title>Filters of &lt;net&gt; &amp; &quot;co&quot;.h5</title>"));
  free(page);
}

static void addresses_are_percent_encoded(void **state)
{
  char *page = page_of(state, &hostile, 1);
  assert_non_null(strstr(page, "src=\"layers/a%20b%3F%23%25%22%27%3C%26%C3%A4.png\""));
  assert_non_null(strstr(page, "href=\"layers/a%20b%3F%23%25%22%27%3C%26%C3%A4.h5\""));
  free(page);
}

static void counts_shape_and_best_loss_are_told(void **state)
{
  char *page = page_of(state, &hostile, 1);
  assert_non_null(strstr(page, "8 x 8 x 4 &middot; <span>3 rendered</span> &middot; "
                               "<span class=\"odd\">1 dead</span> &middot; best activation 1.5</p>"));
  assert_non_null(strstr(page, "width=\"265\" height=\"265\" alt=\"Grid of 4 pictures, 2 to a row"));
  free(page);
}

static void what_is_not_known_is_left_out(void **state)
{
  char *page = page_of(state, &plain, 1);
  assert_null(strstr(page, "best activation"));
  assert_null(strstr(page, "width=\"0\""));
  assert_null(strstr(page, "<nav"));
  free(page);
}

static void several_layers_have_a_list_of_contents(void **state)
{
  const cvz_output_layer layers[] = {plain, hostile};
  char *page = page_of(state, layers, 2);
  assert_non_null(strstr(page, "<a href=\"#layer-1\"><bdi>conv1</bdi></a>"));
  assert_non_null(strstr(page, "<section id=\"layer-2\">"));
  free(page);
}

static void nothing_comes_from_elsewhere(void **state)
{
  char *page = page_of(state, &plain, 1);
  assert_null(strstr(page, "http"));
  assert_null(strstr(page, "//"));
  assert_null(strstr(page, "@import"));
  free(page);
}

static void a_job_without_layers_or_model_has_a_page(void **state)
{
  cvz_error error;
  const char *path = ((scratch *)*state)->path;
  assert_int_equal(cvz_page_write(path, NULL, 0, NULL, 0, &error), CVZ_OK);
  assert_int_equal(scratch_count(path), 1);
}

static void a_page_that_cannot_be_written_is_an_error(void **state)
{
  cvz_error error;
  const char *path = scratch_path(state, "nowhere");
  assert_int_equal(cvz_page_write(path, attributes, attribute_count, &plain, 1, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "nowhere/index.html': No such file or directory"));
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_SCRATCH(names_are_escaped_in_text_and_attributes), WITH_SCRATCH(addresses_are_percent_encoded),
      WITH_SCRATCH(counts_shape_and_best_loss_are_told),      WITH_SCRATCH(what_is_not_known_is_left_out),
      WITH_SCRATCH(several_layers_have_a_list_of_contents),   WITH_SCRATCH(nothing_comes_from_elsewhere),
      WITH_SCRATCH(a_job_without_layers_or_model_has_a_page), WITH_SCRATCH(a_page_that_cannot_be_written_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
