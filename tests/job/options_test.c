#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/options.h"
#include "job/recipe.h"

static const cvz_option_source line = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
static const cvz_option_source file = {CVZ_ORIGIN_FILE, "job.ini:3: ", "jobs"};

static cvz_options start(void)
{
  cvz_options options;
  assert_int_equal(cvz_options_init(&options, NULL), CVZ_OK);
  return options;
}

static cvz_status set(cvz_options *options, const char *name, const char *value, const cvz_option_source *source,
                      cvz_error *error)
{
  cvz_option_id id;
  assert_int_equal(cvz_options_find(&id, name, 0, source->prefix, error), CVZ_OK);
  return cvz_options_set(options, id, value, source, error);
}

static void must_set(cvz_options *options, const char *name, const char *value, const cvz_option_source *source)
{
  cvz_error error = {0};
  if (set(options, name, value, source, &error) != CVZ_OK) fail_msg("%s", error.text);
}

static void assert_refused(const char *name, const char *value, const char *text)
{
  cvz_error error = {0};
  cvz_options options = start();
  assert_int_equal(set(&options, name, value, &line, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, text);
  cvz_options_free(&options);
}

static void keras_recipe_gives_the_defaults(void **state)
{
  (void)state;
  cvz_options o = start();
  assert_int_equal(cvz_recipe_apply(&o, NULL), CVZ_OK);
  assert_int_equal(o.size.height, 180);
  assert_int_equal(o.size.width, 180);
  assert_int_equal(o.iterations, 30);
  assert_true(o.learning_rate == 10);
  assert_int_equal(o.loss_border, 2);
  assert_int_equal(o.picture_border, 25);
  assert_true(o.init_scale == 0.25);
  assert_string_equal(o.filters, "all");
  assert_string_equal(o.init, "random");
  assert_string_equal(o.out, "atlas");
  assert_true(o.seed == 0);
  assert_null(o.isa);
  assert_false(o.save_raw);
  cvz_options_free(&o);
}

static void recipe_leaves_what_is_set(void **state)
{
  (void)state;
  cvz_options o = start();
  must_set(&o, "iterations", "7", &file);
  assert_int_equal(cvz_recipe_apply(&o, NULL), CVZ_OK);
  assert_int_equal(o.iterations, 7);
  assert_int_equal(o.origin[CVZ_OPTION_iterations], CVZ_ORIGIN_FILE);
  assert_int_equal(o.origin[CVZ_OPTION_size], CVZ_ORIGIN_RECIPE);
  cvz_options_free(&o);
}

static void a_dream_is_of_the_layer_unless_filters_are_asked_for(void **state)
{
  (void)state;
  cvz_options layer = start(), filters = start(), both = start();
  for (int i = 0; i < 3; i++) {
    cvz_options *o = i == 0 ? &layer : i == 1 ? &filters : &both;
    must_set(o, "model", "x.h5", &line);
    must_set(o, "layer", "a", &line);
    must_set(o, "recipe", "deepdream", &line);
    if (i) must_set(o, "filters", "3", &file);
    if (i == 2) must_set(o, "objective", "neuron", &file);
    assert_int_equal(cvz_recipe_apply(o, NULL), CVZ_OK);
    assert_int_equal(cvz_options_check(o, NULL), CVZ_OK);
  }
  assert_string_equal(layer.objective, "layer");
  assert_string_equal(filters.objective, "channel");
  assert_string_equal(both.objective, "neuron");
  cvz_options_free(&layer);
  cvz_options_free(&filters);
  cvz_options_free(&both);
}

static void unknown_recipe_lists_the_known(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_options o = start();
  must_set(&o, "recipe", "kers", &line);
  assert_int_equal(cvz_recipe_apply(&o, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "recipe: 'kers', expected one of: keras, lucid, fast, deepdream, tf-keras-vis, maco");
  cvz_options_free(&o);
}

static void sizes_are_square_or_height_by_width(void **state)
{
  (void)state;
  cvz_options a = start(), b = start();
  must_set(&a, "size", "224", &line);
  must_set(&b, "size", "96x128", &line);
  assert_int_equal(a.size.width, 224);
  assert_int_equal(b.size.height, 96);
  assert_int_equal(b.size.width, 128);
  cvz_options_free(&a);
  cvz_options_free(&b);
}

static void bad_values_are_refused_in_one_line(void **state)
{
  (void)state;
  assert_refused("size", "12x", "--size: '12x', expected N or HxW with 1 to 16384");
  assert_refused("size", "0", "--size: '0', expected N or HxW with 1 to 16384");
  assert_refused("size", "16385", "--size: '16385', expected N or HxW with 1 to 16384");
  assert_refused("size", "1x2x3", "--size: '1x2x3', expected N or HxW with 1 to 16384");
  assert_refused("size", "-1", "--size: '-1', expected N or HxW with 1 to 16384");
  assert_refused("size", "99999999999999999999", "--size: '99999999999999999999', expected N or HxW with 1 to 16384");
  assert_refused("iterations", "3.5", "--iterations: '3.5', expected a whole number from 1 to 1000000");
  assert_refused("iterations", "", "--iterations: no value, expected a whole number from 1 to 1000000");
  assert_refused("learning-rate", "nan", "--learning-rate: 'nan', expected a number from 0 to 1e+09");
  assert_refused("learning-rate", "-1", "--learning-rate: '-1', expected a number from 0 to 1e+09");
  assert_refused("learning-rate", "1e999", "--learning-rate: '1e999', expected a number from 0 to 1e+09");
  assert_refused("seed", "-1", "--seed: '-1', expected a whole number from 0 to 18446744073709551615");
  assert_refused("seed", "18446744073709551616",
                 "--seed: '18446744073709551616', expected a whole number from 0 to 18446744073709551615");
  assert_refused("isa", "sse", "--isa: 'sse', expected portable|avx2|avx512|amx");
  assert_refused("isa", "avx2|avx512", "--isa: 'avx2|avx512', expected portable|avx2|avx512|amx");
  assert_refused("init", "noise", "--init: 'noise', expected random or a file that ends in .png, .h5 or .hdf5");
  assert_refused("layer", "a,,b", "--layer: 'a,,b', expected names separated by single commas");
  assert_refused("layer", "a,", "--layer: 'a,', expected names separated by single commas");
  assert_refused("filters", "5-3",
                 "--filters: '5-3', expected all, or numbers and ranges such as 0-63,70, or names of --labels");
  assert_refused("filters", "1,",
                 "--filters: '1,', expected all, or numbers and ranges such as 0-63,70, or names of --labels");
  assert_refused("filters", "9999999999",
                 "--filters: '9999999999', expected all, or numbers and ranges such as 0-63,70, or names of --labels");
  assert_refused("save-raw", "maybe", "--save-raw: 'maybe', expected true or false");
  assert_refused("out", "a\nseed = 5", "--out: 'a?seed = 5', expected no control characters");
}

static void shards_are_a_part_of_a_number(void **state)
{
  (void)state;
  cvz_options o = start();
  assert_int_equal(o.shard.count, 0);
  must_set(&o, "shard", "3/12", &line);
  assert_int_equal(o.shard.index, 3);
  assert_int_equal(o.shard.count, 12);
  assert_refused("shard", "5/4", "--shard: '5/4', expected I/N with I from 1 to N, such as 1/4");
  assert_refused("shard", "0/4", "--shard: '0/4', expected I/N with I from 1 to N, such as 1/4");
  assert_refused("shard", "4", "--shard: '4', expected I/N with I from 1 to N, such as 1/4");
  cvz_options_free(&o);
}

static void times_have_units_or_colons(void **state)
{
  static const struct {
    const char *text;
    double seconds;
  } times[] = {{"90", 90},     {"90s", 90},  {"1.5h", 5400},    {"0.25m", 15},
               {"2d", 172800}, {"1:30", 90}, {"1:30:05", 5405}, {"100:00:00", 360000}};
  static const char *const wrong[] = {"0",   "-1",         "h",   "1x",    "1 h", "1:60",
                                      "1:2", "1:02:03:04", "1e3", "1.2.3", ":30", "2e9d"};
  (void)state;
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    cvz_options o = start();
    must_set(&o, "max-time", times[i].text, &line);
    assert_true(o.max_time == times[i].seconds);
    cvz_options_free(&o);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    cvz_options o = start();
    cvz_error error = {0};
    assert_int_equal(set(&o, "max-time", wrong[i], &line, &error), CVZ_E_USAGE);
    cvz_options_free(&o);
  }
}

static void endless_value_gives_a_short_error(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_options o = start();
  char *value = malloc(100001);
  memset(value, '9', 100000);
  value[100000] = 0;
  assert_int_equal(set(&o, "size", value, &line, &error), CVZ_E_USAGE);
  assert_true(strlen(error.text) < 300);
  free(value);
  cvz_options_free(&o);
}

static void command_line_wins_in_any_order(void **state)
{
  (void)state;
  cvz_options o = start();
  must_set(&o, "iterations", "5", &line);
  must_set(&o, "iterations", "9", &file);
  must_set(&o, "seed", "9", &file);
  must_set(&o, "seed", "5", &line);
  assert_int_equal(o.iterations, 5);
  assert_true(o.seed == 5);
  cvz_options_free(&o);
}

static void weaker_value_is_still_checked(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_options o = start();
  must_set(&o, "iterations", "5", &line);
  assert_int_equal(set(&o, "iterations", "many", &file, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "job.ini:3: iterations: 'many', expected a whole number from 1 to 1000000");
  cvz_options_free(&o);
}

static void lists_append_and_the_command_line_replaces(void **state)
{
  (void)state;
  cvz_options o = start();
  must_set(&o, "layer", "a,b", &file);
  must_set(&o, "layer", "c", &file);
  assert_string_equal(o.layer, "a,b,c");
  must_set(&o, "layer", "d", &line);
  must_set(&o, "layer", "e*", &line);
  assert_string_equal(o.layer, "d,e*");
  must_set(&o, "layer", "f", &file);
  assert_string_equal(o.layer, "d,e*");
  cvz_options_free(&o);
}

static void scalar_twice_is_an_error(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_options o = start();
  must_set(&o, "seed", "5", &line);
  assert_int_equal(set(&o, "seed", "5", &line, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "--seed: '5', given twice");
  cvz_options_free(&o);
}

static void job_file_paths_start_at_its_folder(void **state)
{
  (void)state;
  cvz_options o = start();
  must_set(&o, "model", "../m.h5", &file);
  must_set(&o, "weights", "/abs/w.h5", &file);
  must_set(&o, "init", "start.PNG", &file);
  must_set(&o, "arch", "VGG16", &file);
  must_set(&o, "out", "o", &line);
  assert_string_equal(o.model, "jobs/../m.h5");
  assert_string_equal(o.weights, "/abs/w.h5");
  assert_string_equal(o.init, "jobs/start.PNG");
  assert_string_equal(o.arch, "VGG16");
  assert_string_equal(o.out, "o");
  cvz_options_free(&o);
}

static void random_init_is_not_a_path(void **state)
{
  (void)state;
  cvz_options o = start();
  must_set(&o, "init", "random", &file);
  assert_string_equal(o.init, "random");
  cvz_options_free(&o);
}

static void unknown_names_give_the_closest(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_option_id id;
  assert_int_equal(cvz_options_find(&id, "modle", CVZ_OPTION_IN_ARGUMENTS, "--", &error), CVZ_E_USAGE);
  assert_non_null(strstr(error.text, "--modle: unknown option, closest: model"));
  assert_int_equal(cvz_options_find(&id, "dry-run", CVZ_OPTION_IN_FILE, "j.ini:1: ", &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "j.ini:1: dry-run: an option of the command line only");
  assert_int_equal(cvz_options_find(&id, "init-scale", CVZ_OPTION_IN_ARGUMENTS, "--", &error), CVZ_E_USAGE);
  assert_int_equal(cvz_options_find(&id, "zzzzzzzzzzzzzzzzzzzz", CVZ_OPTION_IN_FILE, "", &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "zzzzzzzzzzzzzzzzzzzz: unknown option, see --help");
}

static void assert_check(const char *const *pairs, const char *text)
{
  cvz_error error = {0};
  cvz_options o = start();
  for (; *pairs; pairs += 2) must_set(&o, pairs[0], pairs[1], &line);
  assert_int_equal(cvz_options_check(&o, &error), text ? CVZ_E_USAGE : CVZ_OK);
  if (text) assert_non_null(strstr(error.text, text));
  cvz_options_free(&o);
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void contradictions_are_refused(void **state)
{
  (void)state;
  assert_check(PAIRS("layer", "a"), "no model");
  assert_check(PAIRS("model", "m", "weights", "w", "layer", "a"), "--model and --weights");
  assert_check(PAIRS("model", "m", "arch", "VGG16", "layer", "a"), "--model and --arch");
  assert_check(PAIRS("weights", "w", "layer", "a"), "--weights: 'w' without --arch");
  assert_check(PAIRS("arch", "a", "layer", "a"), "--arch: 'a' without --weights");
  assert_check(PAIRS("model", "m", "layer", "a", "ranks", "3"), "--ranks: 3, expected --dry-run");
  assert_check(PAIRS("model", "m", "layer", "a", "quiet", "true", "verbose", "true"), "--quiet and --verbose");
  assert_check(PAIRS("model", "m"), "--list-layers");
  assert_check(PAIRS("model", "m", "layer", "a", "quiet", "no", "verbose", "true"), NULL);
  assert_check(PAIRS("model", "m", "list-layers", "true"), NULL);
  assert_check(PAIRS("weights", "w", "arch", "VGG16", "layer", "a"), NULL);
  assert_check(PAIRS("arch", "VGG16", "layer", "a", "dry-run", "true", "ranks", "3"), NULL);
  assert_check(PAIRS("arch", "VGG16", "layer", "a", "plan", "true"), NULL);
  assert_check(PAIRS("arch", "VGG16", "list-layers", "true"), NULL);
}

static void model_on_the_command_line_replaces_that_of_the_file(void **state)
{
  (void)state;
  cvz_options a = start(), b = start();
  must_set(&a, "weights", "w", &file);
  must_set(&a, "arch", "VGG16", &file);
  must_set(&a, "layer", "x", &file);
  must_set(&a, "model", "m", &line);
  assert_int_equal(cvz_options_check(&a, NULL), CVZ_OK);
  assert_null(a.weights);
  assert_null(a.arch);
  must_set(&b, "model", "m", &file);
  must_set(&b, "layer", "x", &file);
  must_set(&b, "weights", "w", &line);
  must_set(&b, "arch", "VGG16", &line);
  assert_int_equal(cvz_options_check(&b, NULL), CVZ_OK);
  assert_null(b.model);
  assert_string_equal(b.weights, "w");
  cvz_options_free(&a);
  cvz_options_free(&b);
}

static void written_options_read_back_exactly(void **state)
{
  (void)state;
  cvz_options o = start(), back = {0};
  cvz_text first = {0}, second = {0};
  cvz_error error = {0};
  must_set(&o, "model", " m = 5; #x \xc3\xa9 '\".h5 ", &line);
  must_set(&o, "learning-rate", "0.1", &line);
  must_set(&o, "seed", "18446744073709551615", &line);
  must_set(&o, "size", "96x128", &line);
  must_set(&o, "layer", "a, b ,c*", &line);
  must_set(&o, "save-raw", "yes", &line);
  must_set(&o, "shard", "2/7", &line);
  must_set(&o, "max-time", "0.1h", &line);
  assert_int_equal(cvz_recipe_apply(&o, NULL), CVZ_OK);
  cvz_options_write(&o, &first);
  if (cvz_options_read(&back, first.data, &error) != CVZ_OK) fail_msg("%s", error.text);
  cvz_options_write(&back, &second);
  assert_string_equal(first.data, second.data);
  assert_string_equal(back.model, o.model);
  assert_true(back.learning_rate == 0.1);
  assert_true(back.seed == UINT64_MAX);
  assert_int_equal(back.size.width, 128);
  assert_true(back.save_raw);
  assert_int_equal(back.shard.count, 7);
  assert_true(back.max_time == o.max_time);
  assert_int_equal(back.loss_border, 2);
  assert_null(back.weights);
  cvz_text_free(&first);
  cvz_text_free(&second);
  cvz_options_free(&o);
  cvz_options_free(&back);
}

static void broken_text_is_refused(void **state)
{
  (void)state;
  cvz_options o;
  assert_int_equal(cvz_options_read(&o, "seed = 4\nrubbish\n", NULL), CVZ_E_FORMAT);
  cvz_options_free(&o);
  assert_int_equal(cvz_options_read(&o, "seed = four\n", NULL), CVZ_E_USAGE);
  cvz_options_free(&o);
}

static const cvz_attribute *find(const cvz_option_attributes *attributes, const char *key)
{
  for (int i = 0; i < attributes->count; i++)
    if (!strcmp(attributes->items[i].key, key)) return &attributes->items[i];
  return NULL;
}

static void attributes_are_what_changes_pictures(void **state)
{
  (void)state;
  cvz_options o = start();
  cvz_option_attributes a;
  must_set(&o, "model", "/some/where/net.h5", &line);
  must_set(&o, "seed", "18446744073709551615", &line);
  assert_int_equal(cvz_recipe_apply(&o, NULL), CVZ_OK);
  cvz_options_attributes(&o, &a);
  assert_string_equal(find(&a, "model")->text, "net.h5");
  assert_string_equal(find(&a, "seed")->text, "18446744073709551615");
  assert_string_equal(find(&a, "size")->text, "180x180");
  assert_true(find(&a, "learning_rate")->real == 10);
  assert_int_equal(find(&a, "iterations")->integer, 30);
  assert_int_equal(find(&a, "picture_border")->integer, 25);
  assert_null(find(&a, "out"));
  assert_null(find(&a, "weights"));
  assert_null(find(&a, "quiet"));
  cvz_options_free(&o);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keras_recipe_gives_the_defaults),
      cmocka_unit_test(recipe_leaves_what_is_set),
      cmocka_unit_test(a_dream_is_of_the_layer_unless_filters_are_asked_for),
      cmocka_unit_test(unknown_recipe_lists_the_known),
      cmocka_unit_test(sizes_are_square_or_height_by_width),
      cmocka_unit_test(bad_values_are_refused_in_one_line),
      cmocka_unit_test(shards_are_a_part_of_a_number),
      cmocka_unit_test(times_have_units_or_colons),
      cmocka_unit_test(endless_value_gives_a_short_error),
      cmocka_unit_test(command_line_wins_in_any_order),
      cmocka_unit_test(weaker_value_is_still_checked),
      cmocka_unit_test(lists_append_and_the_command_line_replaces),
      cmocka_unit_test(scalar_twice_is_an_error),
      cmocka_unit_test(job_file_paths_start_at_its_folder),
      cmocka_unit_test(random_init_is_not_a_path),
      cmocka_unit_test(unknown_names_give_the_closest),
      cmocka_unit_test(contradictions_are_refused),
      cmocka_unit_test(model_on_the_command_line_replaces_that_of_the_file),
      cmocka_unit_test(written_options_read_back_exactly),
      cmocka_unit_test(broken_text_is_refused),
      cmocka_unit_test(attributes_are_what_changes_pictures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
