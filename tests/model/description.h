/* tests/model/description.h: builds graphs from descriptions (configuration and index of weights). Quotes in the JSON
 * here are single ones. */
#ifndef CVZ_TESTS_DESCRIPTION_H
#define CVZ_TESTS_DESCRIPTION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/keras.h"

static cvz_graph graph;
static cvz_error failure;

static inline cvz_status build(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline cvz_status build(const char *format, ...)
{
  char text[8192];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++)
    if (*c == '\'') *c = '"';
  cvz_graph_free(&graph);
  failure = (cvz_error){0};
  return cvz_keras_build(&graph, text, strlen(text), &failure);
}

static inline int forget(void **state)
{
  (void)state;
  cvz_graph_free(&graph);
  return 0;
}

/* A Functional model of Keras 2 of an input (None, None, 3), and `layers` after it. */
static inline cvz_status build_keras2(const char *layers, const char *weights)
{
  return build("{'config': {'class_name': 'Model', 'config': {'name': 'm', 'layers': ["
               "{'name': 'image', 'class_name': 'InputLayer', 'inbound_nodes': [], 'config': {'name': 'image', "
               "'batch_input_shape': [null, null, null, 3]}}%s], 'input_layers': [['image', 0, 0]], 'output_layers': "
               "[['image', 0, 0]]}}, 'keras_version': '2.2.4', 'weights': [%s]}",
               layers, weights);
}

#define LAYER2(name, class_name, options, inputs)                                                                      \
  ", {'name': '" name "', 'class_name': '" class_name "', 'config': {'name': '" name "'" options                       \
  "}, 'inbound_nodes': [[" inputs "]]}"
#define FROM2(name) "['" name "', 0, 0, {}]"

/* The same in Keras 3's dialect. */
static inline cvz_status build_keras3(const char *layers, const char *weights)
{
  return build("{'config': {'module': 'keras', 'class_name': 'Functional', 'config': {'name': 'm', 'layers': ["
               "{'name': 'image', 'class_name': 'InputLayer', 'inbound_nodes': [], 'config': {'name': 'image', "
               "'batch_shape': [null, null, null, 3]}}%s], 'input_layers': ['image', 0, 0], 'output_layers': "
               "['image', 0, 0]}}, 'keras_version': '3.15.1', 'weights': [%s]}",
               layers, weights);
}

#define FROM3(name) "{'class_name': '__keras_tensor__', 'config': {'keras_history': ['" name "', 0, 0]}}"
#define LAYER3(name, class_name, options, arguments)                                                                   \
  ", {'module': 'keras.layers', 'name': '" name "', 'class_name': '" class_name "', 'config': {'name': '" name         \
  "'" options "}, 'inbound_nodes': [{'args': [" arguments "], 'kwargs': {'mask': null}}]}"

#define CONV   ", 'filters': 4, 'kernel_size': [3, 3]"
#define KERNEL "{'name': 'c/c/kernel:0', 'dims': [3, 3, 3, 4]}, {'name': 'c/c/bias:0', 'dims': [4]}"

static inline const cvz_layer *layer(const char *name)
{
  const int index = cvz_graph_find_layer(&graph, name);
  assert_true(index >= 0);
  return &graph.layers[index];
}

static inline const cvz_node *node(const char *name)
{
  if (layer(name)->problem) print_message("%s\n", layer(name)->problem);
  assert_true(layer(name)->node >= 0);
  return &graph.nodes[layer(name)->node];
}

#define assert_contains(text, part)                                                                                    \
  do {                                                                                                                 \
    if (!(text) || !strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, (text) ? (text) : "(null)");         \
  } while (0)

#endif
