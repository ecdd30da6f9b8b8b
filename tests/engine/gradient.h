/* tests/engine/gradient.h: builds small graphs, and checks an engine's values and gradients for them against the
 * reference: values to 1e-5, gradients to 1e-4 of central differences in double precision, for each instruction set,
 * whole maps and needed regions, all channels and one alone. */
#ifndef CVZ_TESTS_GRADIENT_H
#define CVZ_TESTS_GRADIENT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/graph.h"

/** A graph under construction; its image is `input`. */
typedef struct net {
  cvz_graph graph;
  int input, height, width;
} net;

net net_of(int height, int width, int channels);

/** Each of these appends a node (or a weight) and gives its index. */
int add(net *n, cvz_node node, int count, const int *inputs);
int weight(net *n, const char *name, int rank, const int *dims);
int conv(net *n, int from, cvz_window w, int channels, int filters, int groups, bool bias);
int dense(net *n, int from, int channels, int units);
int depthwise(net *n, int from, cvz_window w, int channels, int multiplier, bool bias);
int batch_norm(net *n, int from, int channels);
int rescaling(net *n, int from, int constants, float *scale, float *offset);
int activation(net *n, int from, cvz_function function);
int relu(net *n, int from, float slope, float max, float threshold);
int pool(net *n, int from, cvz_op op, cvz_window w);
int pad(net *n, int from, int top, int bottom, int left, int right);
int plain(net *n, int from, cvz_op op);
int merge(net *n, cvz_op op, int a, int b);
int merge3(net *n, cvz_op op, int a, int b, int c);
int reshape(net *n, int from, int rank, int first, int second, int third);

/** A first convolution, so that what follows has values of both signs that depend on the image. */
int stem(net *n, int filters);

/** Values for all weights of a graph: free with free(). */
float *random_weights(const cvz_graph *graph);

cvz_window window(int kh, int kw, int sh, int sw, int dh, int dw, cvz_padding padding);
cvz_window square(int kernel, int stride, cvz_padding padding);

/** Fails the test where the engine is off; `redirect`: also with redirected ReLUs, which change nothing where all of
 *  them let something through. */
void check_ways(const char *name, const net *n, int target, bool redirect);

/** The same with redirect; the second frees the graph too. */
void check(const char *name, const net *n, int target);
void check_and_free(const char *name, net *n, int target);

/** A group's teardown: prints the worst errors. */
int print_worst(void **state);

#endif
