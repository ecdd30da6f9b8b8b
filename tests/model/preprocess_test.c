/* Which numbers a network expects. Quotes in the JSON here are single ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/keras.h"
#include "model/untrained.h"

/* What preprocess_input of the constructor's module does in Keras 3.15 to the pixel (10, 100, 200). */
static const struct {
  const char *arch, *preprocess;
} keras[] = {
    {"ConvNeXtBase", "none"},     {"ConvNeXtLarge", "none"},    {"ConvNeXtSmall", "none"},
    {"ConvNeXtTiny", "none"},     {"ConvNeXtXLarge", "none"},   {"DenseNet121", "torch"},
    {"DenseNet169", "torch"},     {"DenseNet201", "torch"},     {"EfficientNetB0", "none"},
    {"EfficientNetB1", "none"},   {"EfficientNetB2", "none"},   {"EfficientNetB3", "none"},
    {"EfficientNetB4", "none"},   {"EfficientNetB5", "none"},   {"EfficientNetB6", "none"},
    {"EfficientNetB7", "none"},   {"EfficientNetV2B0", "none"}, {"EfficientNetV2B1", "none"},
    {"EfficientNetV2B2", "none"}, {"EfficientNetV2B3", "none"}, {"EfficientNetV2L", "none"},
    {"EfficientNetV2M", "none"},  {"EfficientNetV2S", "none"},  {"InceptionResNetV2", "tf"},
    {"InceptionV3", "tf"},        {"MobileNet", "tf"},          {"MobileNetV2", "tf"},
    {"MobileNetV3Large", "none"}, {"MobileNetV3Small", "none"}, {"NASNetLarge", "tf"},
    {"NASNetMobile", "tf"},       {"ResNet101", "caffe"},       {"ResNet101V2", "tf"},
    {"ResNet152", "caffe"},       {"ResNet152V2", "tf"},        {"ResNet50", "caffe"},
    {"ResNet50V2", "tf"},         {"VGG16", "caffe"},           {"VGG19", "caffe"},
    {"Xception", "tf"},
};

static void architectures_expect_what_keras_prepares(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof keras / sizeof *keras; i++) {
    cvz_text description = {0};
    cvz_graph graph;
    assert_int_equal(cvz_untrained_describe(keras[i].arch, &description, NULL), CVZ_OK);
    assert_int_equal(cvz_keras_build(&graph, description.data, description.length, NULL), CVZ_OK);
    const char *found = cvz_preprocess_name(graph.preprocess);
    if (strcmp(found, keras[i].preprocess)) fail_msg("%s: %s, expected %s", keras[i].arch, found, keras[i].preprocess);
    cvz_graph_free(&graph);
    cvz_text_free(&description);
  }
}

/* A Sequential `name` of an input of `channels` channels and `layers`. */
static void check(const char *name, int channels, const char *layers, const char *expected)
{
  char text[4096];
  snprintf(text, sizeof text,
           "{'untrained': true, 'config': {'class_name': 'Sequential', 'config': {'name': '%s', 'layers': ["
           "{'class_name': 'InputLayer', 'config': {'name': 'image', 'batch_shape': [null, 8, 8, %d]}}%s]}}}",
           name, channels, layers);
  for (char *c = text; *c; c++)
    if (*c == '\'') *c = '"';
  cvz_graph graph;
  cvz_error error = {0};
  if (cvz_keras_build(&graph, text, strlen(text), &error) != CVZ_OK) fail_msg("%s", error.text);
  if (strcmp(cvz_preprocess_name(graph.preprocess), expected))
    fail_msg("%s %s: %s, expected %s", name, layers, cvz_preprocess_name(graph.preprocess), expected);
  cvz_graph_free(&graph);
}

#define CONV               ", {'class_name': 'Conv2D', 'config': {'name': 'c', 'filters': 2, 'kernel_size': [1, 1]}}"
#define RESCALING(options) ", {'class_name': 'Rescaling', 'config': {'name': 'r', " options "}}" CONV
#define NORMALIZATION(options)                                                                                         \
  ", {'class_name': 'Normalization', 'config': {'name': 'n', 'axis': [-1]" options "}}" CONV
#define INNER(name)                                                                                                    \
  ", {'class_name': 'Sequential', 'config': {'name': '" name "', 'layers': [{'class_name': 'InputLayer', 'config': "   \
  "{'name': 'inner', 'batch_shape': [null, 8, 8, 3]}}" CONV "]}}"

static void the_first_layer_comes_before_the_name(void **state)
{
  (void)state;
  check("net", 3, RESCALING("'scale': 0.00392156862745098"), "none");
  check("vgg16", 3, RESCALING("'scale': 0.00784313725490196, 'offset': -1.0"), "none");
  check("vgg16", 3, RESCALING("'scale': 2.0, 'offset': -1.0"), "unit");
  check("net", 3, RESCALING("'scale': 255.0"), "unit");
  check("net", 3, NORMALIZATION(", 'mean': [0.485, 0.456, 0.406], 'variance': [0.052441, 0.050176, 0.050625]"), "unit");
  check("net", 3, NORMALIZATION(", 'mean': [123.675, 116.28, 103.53], 'variance': [3410.0, 3262.7, 3291.9]"), "none");
  check("net", 3, NORMALIZATION(""), "none");
}

static void names_are_those_of_keras_applications(void **state)
{
  (void)state;
  check("net", 3, CONV, "tf");
  check("vgg16", 3, CONV, "caffe");
  check("ResNet50", 3, CONV, "caffe");
  check("resnet50v2", 3, CONV, "tf");
  check("resnet50_of_mine", 3, CONV, "tf");
  check("densenet121", 3, CONV, "torch");
  check("net", 3, INNER("vgg19"), "caffe");
  check("vgg19", 3, INNER("net"), "tf");
}

static void what_needs_three_channels_is_for_three(void **state)
{
  (void)state;
  check("vgg16", 1, CONV, "tf");
  check("densenet121", 4, CONV, "tf");
  check("net", 1, RESCALING("'scale': 0.00392156862745098"), "none");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(architectures_expect_what_keras_prepares),
      cmocka_unit_test(the_first_layer_comes_before_the_name),
      cmocka_unit_test(names_are_those_of_keras_applications),
      cmocka_unit_test(what_needs_three_channels_is_for_three),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
