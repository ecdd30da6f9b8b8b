/* Paths of layers in the files of Keras 3. The names are those of to_snake_case in keras/src/utils/naming.py, 3.15.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/store_path.h"

static cvz_error failure;

/* A configuration of layers next to each other. */
static cvz_config config_of(cvz_config_layer *layers, int count)
{
  for (int i = 0; i < count; i++) layers[i].shared = i;
  return (cvz_config){.layers = layers, .layer_count = count};
}

static void expect_paths(const cvz_config *config, cvz_store_rule rule, const char *const *wanted)
{
  char **paths;
  assert_int_equal(cvz_store_paths(config, rule, &paths, &failure), CVZ_OK);
  for (int i = 0; i < config->layer_count; i++)
    if (wanted[i])
      assert_string_equal(paths[i], wanted[i]);
    else
      assert_null(paths[i]);
  cvz_store_paths_free(paths, config->layer_count);
}

static void class_names_become_those_of_keras(void **state)
{
  (void)state;
  static const struct {
    const char *class_name, *path;
  } names[] = {
      {"Conv2D", "layers/conv2d"},
      {"SeparableConv2D", "layers/separable_conv2d"},
      {"BatchNormalization", "layers/batch_normalization"},
      {"ReLU", "layers/re_lu"},
      {"PReLU", "layers/p_re_lu"},
      {"Functional", "layers/functional"},
      {"MyHTTPBlock", "layers/my_http_block"},
      {"My-Block 2b", "layers/my_block2b"},
      {"aB", "layers/a_b"},
      {"ABcDeF", "layers/a_bc_de_f"},
      {"X", "layers/x"},
      {"Conv2DTranspose", "layers/conv2d_transpose"},
      {"_Private", "layers/__private"},
      {"GroupNormalizationV2", "layers/group_normalization_v2"},
      {"SEBlock", "layers/se_block"},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    cvz_config_layer layer = {.class_name = names[i].class_name, .model = -1};
    const cvz_config config = config_of(&layer, 1);
    expect_paths(&config, cvz_store_rules[0], &names[i].path);
  }
}

/* Two convolutions around a nested model with one, which is called `conv2d` again, and an operation of that class. */
static void every_model_counts_by_itself(void **state)
{
  (void)state;
  cvz_config_layer layers[] = {{.class_name = "Conv2D", .model = -1, .slot_count = 2},
                               {.class_name = "Functional", .model = -1, .nested = true},
                               {.class_name = "Conv2D", .model = 1, .slot_count = 2},
                               {.class_name = "Conv2D", .model = 1, .slot_count = 2},
                               {.class_name = "Conv2D", .model = -1, .operation = true},
                               {.class_name = "Conv2D", .model = -1, .slot_count = 2},
                               {.class_name = "Functional", .model = -1, .nested = true}};
  const cvz_config config = config_of(layers, 7);
  static const char *const now[] = {"layers/conv2d",
                                    "layers/functional",
                                    "layers/functional/layers/conv2d",
                                    "layers/functional/layers/conv2d_1",
                                    NULL,
                                    "layers/conv2d_1",
                                    "layers/functional_1"};
  static const char *const twice[] = {"layers/conv2d",
                                      "layers/functional",
                                      "layers/functional/layers/conv2d",
                                      "layers/functional/layers/conv2d_2",
                                      NULL,
                                      "layers/conv2d_2",
                                      "layers/functional_2"};
  expect_paths(&config, cvz_store_rules[0], now);
  expect_paths(&config, cvz_store_rules[2], twice);
}

/* Keras 3 gives a layer that comes again a number of its own, Keras 2.15 gives it none. */
static void a_shared_layer_counts_by_version(void **state)
{
  (void)state;
  cvz_config_layer layers[] = {{.class_name = "Dense", .model = -1, .slot_count = 2},
                               {.class_name = "Sequential", .model = -1, .nested = true},
                               {.class_name = "Dense", .model = 1, .slot_count = 2},
                               {.class_name = "Dense", .model = 1, .slot_count = 2}};
  const cvz_config config = config_of(layers, 4);
  layers[2].shared = 0;
  static const char *const keras3[] = {"layers/dense", "layers/sequential", "layers/sequential/layers/dense",
                                       "layers/sequential/layers/dense_1"};
  static const char *const keras2[] = {"layers/dense", "layers/sequential", NULL, "layers/sequential/layers/dense"};
  expect_paths(&config, cvz_store_rules[0], keras3);
  expect_paths(&config, cvz_store_rules[1], keras2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(class_names_become_those_of_keras),
      cmocka_unit_test(every_model_counts_by_itself),
      cmocka_unit_test(a_shared_layer_counts_by_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
