/* The ends of the blocks of networks of keras.applications, by the names that Keras gives them. */
#include "job/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/keras.h"
#include "model/untrained.h"

/* The names of the outputs of blocks with a comma behind each, and of the last layer. */
static char *outputs_of(const char *arch)
{
  cvz_text description = {0}, names = {0};
  cvz_graph graph;
  assert_int_equal(cvz_untrained_describe(arch, &description, NULL), CVZ_OK);
  assert_int_equal(cvz_keras_build(&graph, description.data, description.length, NULL), CVZ_OK);
  bool *chosen = calloc((size_t)graph.layer_count, sizeof *chosen);
  assert_int_equal(cvz_blocks_outputs(&graph, chosen, NULL), CVZ_OK);
  for (int i = 0; i < graph.layer_count; i++)
    if (chosen[i]) cvz_text_add(&names, "%s,", graph.layers[i].name);
  cvz_text_add(&names, "%s", graph.layers[cvz_blocks_last(&graph)].name);
  free(chosen);
  cvz_graph_free(&graph);
  cvz_text_free(&description);
  return names.data;
}

static void check(const char *arch, const char *expected)
{
  char *found = outputs_of(arch);
  assert_string_equal(found, expected);
  free(found);
}

static void residual_blocks_end_with_their_sum_or_its_activation(void **state)
{
  (void)state;
  check("ResNet50", "conv2_block1_out,conv2_block2_out,conv2_block3_out,conv3_block1_out,conv3_block2_out,"
                    "conv3_block3_out,conv3_block4_out,conv4_block1_out,conv4_block2_out,conv4_block3_out,"
                    "conv4_block4_out,conv4_block5_out,conv4_block6_out,conv5_block1_out,conv5_block2_out,"
                    "conv5_block3_out,conv5_block3_out");
  check("ResNet50V2", "conv2_block1_out,conv2_block2_out,conv2_block3_out,conv3_block1_out,conv3_block2_out,"
                      "conv3_block3_out,conv3_block4_out,conv4_block1_out,conv4_block2_out,conv4_block3_out,"
                      "conv4_block4_out,conv4_block5_out,conv4_block6_out,conv5_block1_out,conv5_block2_out,"
                      "conv5_block3_out,post_relu");
}

static void a_block_without_a_sum_ends_where_the_next_begins(void **state)
{
  (void)state;
  check("MobileNetV2", "block_1_project_BN,block_2_add,block_3_project_BN,block_4_add,block_5_add,block_6_project_BN,"
                       "block_7_add,block_8_add,block_9_add,block_10_project_BN,block_11_add,block_12_add,"
                       "block_13_project_BN,block_14_add,block_15_add,out_relu");
}

static void inception_ends_with_concatenations(void **state)
{
  (void)state;
  check("InceptionV3", "mixed0,mixed1,mixed2,mixed3,mixed4,mixed5,mixed6,mixed7,mixed8,mixed9,mixed10,mixed10");
}

static void a_plain_network_has_stages(void **state)
{
  (void)state;
  check("VGG16", "block1_conv2,block2_conv2,block3_conv3,block4_conv3,block5_conv3,block5_pool,block5_pool");
  check("MobileNet", "conv_pw_1_relu,conv_pw_3_relu,conv_pw_5_relu,conv_pw_11_relu,conv_pw_13_relu,conv_pw_13_relu");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(residual_blocks_end_with_their_sum_or_its_activation),
      cmocka_unit_test(a_block_without_a_sum_ends_where_the_next_begins),
      cmocka_unit_test(inception_ends_with_concatenations),
      cmocka_unit_test(a_plain_network_has_stages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
