/* A description -> graph. */
#include "description.h"

#include "model/architecture.h"

static void both_dialects_give_the_same_convolution(void **state)
{
  (void)state;
  for (int dialect = 2; dialect <= 3; dialect++) {
    if (dialect == 2)
      assert_int_equal(
          build_keras2(LAYER2("c", "Conv2D", CONV, FROM2("image")), "{'layer': 'c', 'weights': [" KERNEL "]}"), CVZ_OK);
    else
      assert_int_equal(
          build_keras3(LAYER3("c", "Conv2D", CONV, FROM3("image")), "{'layer': 'c', 'weights': [" KERNEL "]}"), CVZ_OK);
    assert_int_equal(graph.layer_count, 2);
    assert_int_equal(graph.input, layer("image")->node);
    const cvz_conv *conv = &node("c")->conv;
    assert_int_equal(node("c")->op, CVZ_OP_CONV);
    assert_int_equal(node("c")->inputs[0], graph.input);
    assert_int_equal(conv->filters, 4);
    assert_string_equal(graph.weights[conv->kernel].name, "c/c/kernel:0");
    assert_string_equal(graph.weights[conv->bias].name, "c/c/bias:0");
    assert_int_equal(graph.weights[conv->bias].offset, 112);
  }
}

static void layers_stand_in_the_order_of_the_file(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(LAYER2("late", "ReLU", "", FROM2("early")) LAYER2("early", "Flatten", "", FROM2("image")), ""),
      CVZ_OK);
  assert_string_equal(graph.layers[1].name, "late");
  assert_int_equal(node("late")->inputs[0], layer("early")->node);
}

/* Two layers that the file calls one object, of which it has the weights of the first. */
static void build_one_object(const char *filters_of_second)
{
  assert_int_equal(
      build("{'by_paths': true, 'config': {'class_name': 'Functional', 'config': {'name': 'm', 'layers': ["
            "{'name': 'image', 'class_name': 'InputLayer', 'inbound_nodes': [], 'config': {'name': 'image', "
            "'batch_shape': [null, null, null, 3]}}, "
            "{'module': 'keras.layers', 'name': 'a', 'class_name': 'Conv2D', 'shared_object_id': 7, 'config': {'name': "
            "'a', 'filters': 3, "
            "'kernel_size': 1}, 'inbound_nodes': [{'args': [" FROM3(
                "image") "], 'kwargs': {}}]}, "
                         "{'module': 'keras.layers', 'name': 'b', 'class_name': 'Conv2D', 'shared_object_id': 7, "
                         "'config': {'name': 'b', "
                         "'filters': %s, "
                         "'kernel_size': 1}, 'inbound_nodes': [{'args': [" FROM3(
                             "a") "], 'kwargs': {}}]}], "
                                  "'input_layers': ['image', 0, 0], 'output_layers': ['b', 0, 0]}}, 'keras_version': "
                                  "'3.15.1', 'weights': ["
                                  "{'layer': 'layers/conv2d', 'weights': [{'name': 'k', 'dims': [1, 1, 3, 3]}, "
                                  "{'name': 'b', 'dims': [3]}]}]}",
            filters_of_second),
      CVZ_OK);
}

static void one_object_in_two_places_has_its_weights_once(void **state)
{
  (void)state;
  build_one_object("3");
  assert_int_equal(node("b")->conv.kernel, node("a")->conv.kernel);
  assert_int_equal(node("b")->conv.bias, node("a")->conv.bias);
  assert_int_equal(graph.weight_count, 2);
}

static void one_object_of_two_shapes_is_a_problem(void **state)
{
  (void)state;
  build_one_object("5");
  assert_int_equal(layer("b")->node, -1);
  assert_string_equal(layer("b")->problem, "layer 'b' (Conv2D) has no weights in the file, expected 2");
  assert_true(layer("a")->node >= 0);
}

static void a_second_call_shares_the_weights(void **state)
{
  (void)state;
  const char *twice = ", {'name': 'c', 'class_name': 'Conv2D', 'config': {'filters': 3, 'kernel_size': 1, 'use_bias': "
                      "false}, 'inbound_nodes': [[['image', 0, 0, {}]], [['c', 0, 0, {}]]]}";
  assert_int_equal(build_keras2(twice, "{'layer': 'c', 'weights': [{'name': 'c/k', 'dims': [1, 1, 3, 3]}]}"), CVZ_OK);
  assert_int_equal(node("c:1")->inputs[0], layer("c")->node);
  assert_int_equal(node("c:1")->conv.kernel, node("c")->conv.kernel);
  assert_int_equal(graph.weight_count, 1);
}

static void a_batch_norm_without_scale_has_three_weights(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(LAYER2("b", "BatchNormalization", ", 'scale': false, 'axis': [3], 'epsilon': 0.01", FROM2("image")),
                   "{'layer': 'b', 'weights': [{'name': 'b/beta', 'dims': [3]}, {'name': 'b/mean', 'dims': "
                   "[3]}, {'name': 'b/variance', 'dims': [3]}]}"),
      CVZ_OK);
  const cvz_affine *affine = &node("b")->affine;
  assert_int_equal(affine->gamma, CVZ_NO_WEIGHT);
  assert_string_equal(graph.weights[affine->beta].name, "b/beta");
  assert_string_equal(graph.weights[affine->variance].name, "b/variance");
  assert_true(affine->epsilon == 0.01f && !affine->clamped);
}

static void activations_are_read_in_every_form(void **state)
{
  (void)state;
  static const char *const forms[] = {
      "'relu6'",
      "{'class_name': 'function', 'config': 'relu6'}",
      "{'class_name': 'ReLU', 'config': {'max_value': 6.0}}",
      "{'class_name': 'ReLU', 'config': {'max_value': [6.0], 'threshold': null}}",
      "'Custom>relu6'",
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    char layers[512];
    snprintf(layers, sizeof layers, LAYER2("a", "Activation", ", 'activation': %s", FROM2("image")), forms[i]);
    assert_int_equal(build_keras2(layers, ""), CVZ_OK);
    assert_int_equal(node("a")->op, CVZ_OP_ACTIVATION);
    assert_int_equal(node("a")->activation.function, CVZ_RELU);
    assert_true(node("a")->activation.max_value == 6);
  }
}

static void a_linear_activation_and_a_dropout_add_no_node(void **state)
{
  (void)state;
  assert_int_equal(build_keras2(LAYER2("a", "Activation", ", 'activation': 'linear'", FROM2("image"))
                                    LAYER2("d", "Dropout", ", 'rate': 0.5", FROM2("a")),
                                ""),
                   CVZ_OK);
  assert_int_equal(layer("d")->node, graph.input);
  assert_int_equal(graph.node_count, 1);
}

static void a_number_may_stand_for_a_tensor(void **state)
{
  (void)state;
  assert_int_equal(build_keras3(LAYER3("m", "Multiply", "", FROM3("image") ", 1.5"), ""), CVZ_OK);
  assert_int_equal(node("m")->op, CVZ_OP_AFFINE);
  assert_true(node("m")->affine.scale[0] == 1.5f && node("m")->affine.offset[0] == 0);
}

static void constants_of_a_normalization_are_folded(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras3(
          LAYER3("n", "Normalization", ", 'axis': [-1], 'mean': [1, 2, 3], 'variance': [4, 4, 0]", FROM3("image")), ""),
      CVZ_OK);
  const cvz_affine *affine = &node("n")->affine;
  assert_int_equal(affine->constants, 3);
  assert_true(affine->scale[0] == 0.5f && affine->offset[1] == -1);
  assert_true(affine->scale[2] == 1 / 1e-7f);
}

static void a_sequential_without_input_layer_gets_one(void **state)
{
  (void)state;
  static const char *const shapes[] = {
      "'layers': [{'class_name': 'Flatten', 'config': {'name': 'f', 'batch_input_shape': [null, 4, 5, 3]}}]",
      "'build_input_shape': [null, 4, 5, 3], 'layers': [{'class_name': 'Flatten', 'config': {'name': 'f'}}]",
      ("'layers': [{'class_name': 'Flatten', 'config': {'name': 'f'},"
       " 'build_config': {'input_shape': [null, 4, 5, 3]}}]"),
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    assert_int_equal(
        build("{'config': {'class_name': 'Sequential', 'config': {'name': 's', %s}}, 'weights': []}", shapes[i]),
        CVZ_OK);
    assert_int_equal(graph.nodes[graph.input].input.width, 5);
    assert_int_equal(node("f")->op, CVZ_OP_RESHAPE);
    assert_string_equal(graph.layers[0].name, "f_input");
  }
}

/* Keras 2 numbers the calls of a nested model from 1, and lists its weights under its own name. */
static void layers_inside_a_nested_model_have_paths(void **state)
{
  (void)state;
  const char *inner =
      ", {'name': 'inner', 'class_name': 'Model', 'config': {'name': 'inner', 'layers': [{'name': 'i', 'class_name': "
      "'InputLayer', 'inbound_nodes': [], 'config': {'batch_input_shape': [null, null, null, 3]}}" LAYER2(
          "b", "BatchNormalization", "", FROM2("i"))
          LAYER2(
              "c", "Conv2D", CONV ", 'use_bias': false",
              FROM2(
                  "b")) "], 'input_layers': [['i', 0, 0]], 'output_layers': [['c', 0, 0]]}, 'inbound_nodes': "
                        "[[['image', 0, 0, {}]]]}"
                        ", {'name': 'r', 'class_name': 'ReLU', 'config': {}, 'inbound_nodes': [[['inner', 1, 0, {}]]]}";
  assert_int_equal(build_keras2(inner,
                                "{'layer': 'inner', 'weights': [{'name': 'inner/gamma', 'dims': [3]}, {'name': "
                                "'inner/beta', 'dims': [3]}, {'name': 'inner/kernel', 'dims': [3, 3, 3, 4]}, "
                                "{'name': 'inner/mean', 'dims': [3]}, {'name': 'inner/variance', 'dims': [3]}]}"),
                   CVZ_OK);
  assert_int_equal(layer("inner/i")->node, graph.input);
  assert_int_equal(layer("inner")->node, layer("inner/c")->node);
  assert_int_equal(node("r")->inputs[0], layer("inner/c")->node);
  assert_string_equal(graph.weights[node("inner/c")->conv.kernel].name, "inner/kernel");
  assert_string_equal(graph.weights[node("inner/b")->affine.mean].name, "inner/mean");
}

static void weights_are_matched_by_order_where_names_differ(void **state)
{
  (void)state;
  const char *layers = LAYER2("c", "Conv2D", CONV, FROM2("image")) LAYER2("d", "Dense", ", 'units': 2", FROM2("c"));
  assert_int_equal(build_keras2(layers,
                                "{'layer': 'in', 'weights': []}, {'layer': 'conv2d_7', 'weights': [" KERNEL "]}, "
                                "{'layer': 'c', 'weights': [{'name': 'c/k', 'dims': [4, 2]}, {'name': 'c/b', "
                                "'dims': [2]}]}"),
                   CVZ_OK);
  assert_string_equal(graph.weights[node("c")->conv.kernel].name, "c/c/kernel:0");
  assert_string_equal(graph.weights[node("d")->conv.kernel].name, "c/k");
}

static void a_wrong_shape_is_told_with_both_shapes(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(LAYER2("c", "Conv2D", CONV, FROM2("image")),
                   "{'layer': 'c', 'weights': [{'name': 'c/k', 'dims': [3, 5, 3, 4]}, {'name': 'c/b', 'dims': [4]}]}"),
      CVZ_OK);
  assert_int_equal(layer("c")->node, -1);
  assert_string_equal(layer("c")->problem,
                      "layer 'c' (Conv2D): weight kernel has the shape [3,5,3,4] in the file, expected (3, 3, any, 4)");
}

static void absurd_shapes_are_problems_of_the_layer(void **state)
{
  (void)state;
  static const char *const shapes[] = {"[]",         "[1,1,1,1,1,1,1]", "[3,3,9223372036854775807,4]",
                                       "[3,3,-1,4]", "[3,3,0,4]",       "[3,3,2147483647,4]"};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    char weights[256];
    snprintf(weights, sizeof weights, "{'layer': 'c', 'weights': [{'name': 'c/k', 'dims': %s}]}", shapes[i]);
    const cvz_status status = build_keras2(LAYER2("c", "Conv2D", CONV ", 'use_bias': false", FROM2("image")), weights);
    assert_int_equal(status, CVZ_OK);
    if (i < 5) assert_non_null(layer("c")->problem);
  }
}

static void missing_weights_are_problems_of_the_layer(void **state)
{
  (void)state;
  const char *layers = LAYER2("c", "Conv2D", CONV, FROM2("image"));
  assert_int_equal(build_keras2(layers, ""), CVZ_OK);
  assert_string_equal(layer("c")->problem, "layer 'c' (Conv2D) has no weights in the file, expected 2");
  assert_int_equal(build_keras2(layers, "{'layer': 'c', 'weights': [{'name': 'c/k', 'dims': [3, 3, 3, 4]}]}"), CVZ_OK);
  assert_string_equal(layer("c")->problem, "layer 'c' (Conv2D) has 1 weights in the file, expected 2");
  assert_int_equal(build_keras2(layers, "{'layer': 'c', 'weights': [{'name': 'c/k'}, {'name': 'c/b', 'dims': [4]}]}"),
                   CVZ_OK);
  assert_contains(layer("c")->problem, "weight kernel is missing");
}

static void a_weights_only_file_needs_every_layer(void **state)
{
  (void)state;
  assert_int_equal(build("{'arch': 'x', 'config': {'class_name': 'Sequential', 'config': {'name': 's', 'layers': ["
                         "{'class_name': 'Conv2D', 'config': {'name': 'c', 'batch_input_shape': [null, 8, 8, 3]" CONV
                         "}}]}}, 'weights': []}"),
                   CVZ_E_FORMAT);
  assert_string_equal(failure.text,
                      "weights: the file has weights for 0 layers, expected 1, the layers of s with weights");
}

static void what_follows_an_unsupported_layer_names_it(void **state)
{
  (void)state;
  assert_int_equal(build_keras2(LAYER2("odd", "Capsule", "", FROM2("image")) LAYER2("r", "ReLU", "", FROM2("odd"))
                                    LAYER2("fine", "ReLU", "", FROM2("image")),
                                ""),
                   CVZ_OK);
  assert_contains(layer("odd")->problem,
                  "layer 'odd' is a Capsule, which is not supported; supported are InputLayer, Conv2D");
  assert_contains(layer("r")->problem, "layer 'r' needs layer 'odd': layer 'odd' is a Capsule");
  assert_true(node("fine")->op == CVZ_OP_ACTIVATION);
}

static void code_is_refused(void **state)
{
  (void)state;
  assert_int_equal(build_keras2(LAYER2("l", "Lambda", "", FROM2("image")), ""), CVZ_OK);
  assert_contains(layer("l")->problem, "--arch InceptionResNetV2");
}

static void a_data_format_is_first_or_last(void **state)
{
  (void)state;
  assert_int_equal(
      build_keras2(LAYER2("p", "MaxPooling2D", ", 'pool_size': 2, 'data_format': 'channels'", FROM2("image")), ""),
      CVZ_OK);
  assert_contains(layer("p")->problem, "data_format is \"channels\"");
}

static void a_broken_configuration_is_refused_whole(void **state)
{
  (void)state;
  static const struct {
    const char *layers, *text;
  } cases[] = {
      {LAYER2("r", "ReLU", "", FROM2("nobody")), "'r' takes its input from layer 'nobody', which is not there"},
      {LAYER2("r", "ReLU", "", "['image', 3, 0, {}]"), "'r' takes its input from call 3 of layer 'image', which has 1"},
      {LAYER2("r", "ReLU", "", FROM2("s")) LAYER2("s", "ReLU", "", FROM2("r")), "depends on its own output"},
      {LAYER2("r", "ReLU", "", FROM2("r")), "layer 'r' depends on its own output"},
      {LAYER2("image", "ReLU", "", FROM2("image")), "two layers are named 'image'"},
      {LAYER2("r", "ReLU", ", 'max_value': 'six'", FROM2("image")), "max_value is \"six\", expected a number"},
      {LAYER2("c", "Conv2D", ", 'filters': 4, 'kernel_size': [3, 1e99]", FROM2("image")), "kernel_size is [3,1e99]"},
      {LAYER2("c", "Conv2D", ", 'filters': -4, 'kernel_size': 3", FROM2("image")),
       "filters is -4, expected a whole number"},
      {", {'name': 'r', 'class_name': 'ReLU', 'config': {}}", "layer 'r' has no inbound_nodes"},
      {", {'class_name': 'ReLU'}", "layer 1 of '' has no name"},
      {", 7", "layer 1 of '' has no name"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(build_keras2(cases[i].layers, ""), CVZ_E_FORMAT);
    assert_contains(failure.text, cases[i].text);
  }
}

static void a_description_that_is_no_json_is_refused(void **state)
{
  (void)state;
  assert_int_equal(build("{'config': {"), CVZ_E_FORMAT);
  assert_contains(failure.text, "not JSON at byte");
  assert_int_equal(build("[]"), CVZ_E_FORMAT);
  assert_int_equal(build("{'config': {'class_name': 'Gone', 'config': {}}, 'weights': []}"), CVZ_E_UNSUPPORTED);
}

/* No cut or damaged description may crash. Run with the sanitizers to see more. */
static void damaged_descriptions_are_refused_or_read(void **state)
{
  (void)state;
  cvz_text whole = {0};
  cvz_text_add(&whole, "{\"weights\": [], \"config\": ");
  assert_int_equal(cvz_architecture_json("VGG16", true, &whole, &failure), CVZ_OK);
  cvz_text_add(&whole, "}");
  uint32_t random = 1;
  char *copy = malloc(whole.length);
  for (int round = 0; round < 400; round++) {
    memcpy(copy, whole.data, whole.length);
    for (int i = 0; i <= round % 4; i++) {
      random = random * 1664525u + 1013904223u;
      static const char changes[] = "0129[]{}\",:n-e";
      copy[(random >> 8) % whole.length] = changes[random % (sizeof changes - 1)];
    }
    cvz_graph_free(&graph);
    const size_t length = round % 8 ? whole.length : whole.length * (size_t)round / 400;
    if (cvz_keras_build(&graph, copy, length, &failure) != CVZ_OK) assert_true(failure.text[0]);
  }
  free(copy);
  cvz_text_free(&whole);
}

static void every_architecture_is_read_in_both_variants(void **state)
{
  (void)state;
  int count = 0;
  for (const char *const *name = cvz_architecture_names(); *name; name++)
    for (int top = 0; top < 2; top++, count++) {
      cvz_text description = {0};
      cvz_text_add(&description, "{\"weights\": [], \"config\": ");
      assert_int_equal(cvz_architecture_json(*name, top, &description, &failure), CVZ_OK);
      cvz_text_add(&description, "}");
      cvz_graph_free(&graph);
      const cvz_status status = cvz_keras_build(&graph, description.data, description.length, &failure);
      if (status != CVZ_OK) fail_msg("%s: %s", *name, failure.text);
      assert_true(graph.layer_count > 15);
      cvz_text_free(&description);
    }
  assert_int_equal(count, 80);
}

static void architectures_are_found_in_any_letter_case(void **state)
{
  (void)state;
  cvz_text text = {0};
  assert_int_equal(cvz_architecture_json("resnet50v2", false, &text, &failure), CVZ_OK);
  assert_contains(text.data, "\"conv3_block4_out\"");
  assert_null(strstr(text.data, "\"predictions\""));
  assert_int_equal(cvz_architecture_json("ResNet50V3", false, &text, &failure), CVZ_E_USAGE);
  assert_contains(failure.text, "'ResNet50V3' is not known");
  assert_contains(failure.text, "ResNet50V2");
  cvz_text_free(&text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_dialects_give_the_same_convolution),
      cmocka_unit_test(layers_stand_in_the_order_of_the_file),
      cmocka_unit_test(a_second_call_shares_the_weights),
      cmocka_unit_test(one_object_in_two_places_has_its_weights_once),
      cmocka_unit_test(one_object_of_two_shapes_is_a_problem),
      cmocka_unit_test(a_batch_norm_without_scale_has_three_weights),
      cmocka_unit_test(activations_are_read_in_every_form),
      cmocka_unit_test(a_linear_activation_and_a_dropout_add_no_node),
      cmocka_unit_test(a_number_may_stand_for_a_tensor),
      cmocka_unit_test(constants_of_a_normalization_are_folded),
      cmocka_unit_test(a_sequential_without_input_layer_gets_one),
      cmocka_unit_test(layers_inside_a_nested_model_have_paths),
      cmocka_unit_test(weights_are_matched_by_order_where_names_differ),
      cmocka_unit_test(a_wrong_shape_is_told_with_both_shapes),
      cmocka_unit_test(absurd_shapes_are_problems_of_the_layer),
      cmocka_unit_test(missing_weights_are_problems_of_the_layer),
      cmocka_unit_test(a_weights_only_file_needs_every_layer),
      cmocka_unit_test(what_follows_an_unsupported_layer_names_it),
      cmocka_unit_test(code_is_refused),
      cmocka_unit_test(a_data_format_is_first_or_last),
      cmocka_unit_test(a_broken_configuration_is_refused_whole),
      cmocka_unit_test(a_description_that_is_no_json_is_refused),
      cmocka_unit_test(damaged_descriptions_are_refused_or_read),
      cmocka_unit_test(every_architecture_is_read_in_both_variants),
      cmocka_unit_test(architectures_are_found_in_any_letter_case),
  };
  return cmocka_run_group_tests(tests, NULL, forget);
}
