/* What becomes of layers and operations: the operators, their parameters, and where Keras's axes go. */
#include "description.h"

static void hard_sigmoid_is_that_of_the_version(void **state)
{
  (void)state;
  assert_int_equal(build_keras2(LAYER2("a", "Activation", ", 'activation': 'hard_sigmoid'", FROM2("image")), ""),
                   CVZ_OK);
  assert_int_equal(node("a")->activation.function, CVZ_HARD_SIGMOID);
  assert_true(node("a")->activation.negative_slope == 0.2f);
  assert_int_equal(build_keras3(LAYER3("a", "Activation", ", 'activation': 'hard_sigmoid'", FROM3("image")), ""),
                   CVZ_OK);
  assert_true(node("a")->activation.negative_slope == 1.0f / 6);
}

/* "__operators__" and named arguments as tf-keras 2.15 writes them. */
#define TENSORFLOW(name, function, input) LAYER2(name, "TFOpLambda", ", 'function': '" function "'", input)

static void functions_of_tensorflow_in_keras_2(void **state)
{
  (void)state;
  assert_int_equal(build_keras2(TENSORFLOW("a", "__operators__.add", "['image', 0, 0, {'y': 2.0, 'name': null}]")
                                    TENSORFLOW("m", "math.multiply", "['a', 0, 0, {'y': ['image', 0, 0]}]")
                                        TENSORFLOW("r", "nn.relu", "['m', 0, 0, {'name': null}]")
                                            TENSORFLOW("t", "math.tan", FROM2("image")),
                                ""),
                   CVZ_OK);
  assert_int_equal(node("a")->op, CVZ_OP_AFFINE);
  assert_true(node("a")->affine.scale[0] == 1 && node("a")->affine.offset[0] == 2);
  assert_int_equal(node("m")->op, CVZ_OP_MULTIPLY);
  assert_int_equal(node("m")->inputs[0], layer("a")->node);
  assert_int_equal(node("m")->inputs[1], graph.input);
  assert_int_equal(node("r")->activation.function, CVZ_RELU);
  assert_contains(layer("t")->problem, "tf.math.tan");
}

static void a_number_before_a_tensor_of_tensorflow(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(TENSORFLOW("s", "math.subtract", "['_CONSTANT_VALUE', -1, 2.0, {'y': ['image', 0, 0]}]"), ""),
      CVZ_OK);
  assert_true(node("s")->affine.scale[0] == -1 && node("s")->affine.offset[0] == 2);
}

static void a_mean_of_tensorflow(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(TENSORFLOW("m", "math.reduce_mean", "['image', 0, 0, {'axis': [1, 2], 'keepdims': true}]"), ""),
      CVZ_OK);
  assert_int_equal(node("m")->op, CVZ_OP_REDUCE);
  assert_int_equal(node("m")->reduce.reduction, CVZ_MEAN);
  assert_true(node("m")->reduce.axes[0] && node("m")->reduce.axes[1] && !node("m")->reduce.axes[2]);
}

static void code_is_refused_with_what_to_do(void **state)
{
  (void)state;
  assert_int_equal(build_keras3(LAYER3("l", "Lambda", "", FROM3("image")), ""), CVZ_OK);
  assert_contains(layer("l")->problem, "layer 'l' (Lambda) is Python code");
  assert_contains(layer("l")->problem, "keras.ops");
}

/* An image of channels_first layers, 3 x 40 x 50. */
static cvz_status build_channels_first(const char *layers)
{
  return build("{'config': {'class_name': 'Functional', 'config': {'name': 'm', 'layers': ["
               "{'name': 'image', 'class_name': 'InputLayer', 'inbound_nodes': [], 'config': {'name': 'image', "
               "'batch_shape': [null, 3, 40, 50]}}%s], 'input_layers': ['image', 0, 0], 'output_layers': "
               "['image', 0, 0]}}, 'keras_version': '3.15.1', 'weights': []}",
               layers);
}

#define FIRST ", 'data_format': 'channels_first'"

static void images_of_channels_first_layers(void **state)
{
  (void)state;
  assert_int_equal(build_channels_first(LAYER3("p", "MaxPooling2D", ", 'pool_size': 2" FIRST, FROM3("image")) LAYER3(
                       "s", "Softmax", ", 'axis': 1", FROM3("p")) LAYER3("f", "Flatten", FIRST, FROM3("s"))),
                   CVZ_OK);
  const cvz_shape image = graph.nodes[graph.input].input;
  assert_true(image.height == 40 && image.width == 50 && image.channels == 3);
  assert_int_equal(graph.node_count, 4); /* nothing is transposed */
}

static void a_flatten_with_channels_last_has_the_first_axis_first(void **state)
{
  (void)state;
  assert_int_equal(build_channels_first(LAYER3("p", "MaxPooling2D", ", 'pool_size': 2" FIRST, FROM3("image"))
                                            LAYER3("f", "Flatten", "", FROM3("p"))),
                   CVZ_OK);
  const cvz_node *transpose = &graph.nodes[node("f")->inputs[0]];
  assert_int_equal(transpose->op, CVZ_OP_TRANSPOSE);
  static const int axes[] = {2, 0, 1};
  assert_memory_equal(transpose->transpose.axes, axes, sizeof axes);
}

static void operations_that_are_not_known_are_named(void **state)
{
  (void)state;
  assert_int_equal(build_keras3(", {'module': 'keras.src.ops.numpy', 'name': 'a', 'class_name': 'Argmax', 'config': "
                                "{'name': 'a', 'axis': -1}, 'inbound_nodes': [{'args': [" FROM3("image") "], "
                                                                                                         "'kwargs': "
                                                                                                         "{}}]}",
                                ""),
                   CVZ_OK);
  assert_contains(layer("a")->problem, "is a Argmax, which is not supported");
}

static void an_axis_of_the_batch_is_refused(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras3(LAYER3("c", "Concatenate", ", 'axis': 0", "[" FROM3("image") ", " FROM3("image") "]"), ""), CVZ_OK);
  assert_contains(layer("c")->problem, "axis is 0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(hard_sigmoid_is_that_of_the_version, forget),
      cmocka_unit_test_teardown(functions_of_tensorflow_in_keras_2, forget),
      cmocka_unit_test_teardown(a_number_before_a_tensor_of_tensorflow, forget),
      cmocka_unit_test_teardown(a_mean_of_tensorflow, forget),
      cmocka_unit_test_teardown(code_is_refused_with_what_to_do, forget),
      cmocka_unit_test_teardown(images_of_channels_first_layers, forget),
      cmocka_unit_test_teardown(a_flatten_with_channels_last_has_the_first_axis_first, forget),
      cmocka_unit_test_teardown(operations_that_are_not_known_are_named, forget),
      cmocka_unit_test_teardown(an_axis_of_the_batch_is_refused, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
