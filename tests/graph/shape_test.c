#include "graph/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static cvz_window square(int kernel, int stride, int dilation, cvz_padding padding)
{
  return (cvz_window){{kernel, kernel}, {stride, stride}, {dilation, dilation}, padding};
}

static void same_padding_gives_ceil_of_input_by_stride(void **state)
{
  (void)state;
  for (int kernel = 1; kernel <= 7; kernel++)
    for (int stride = 1; stride <= 4; stride++)
      for (int length = 1; length <= 20; length++) {
        const cvz_window w = square(kernel, stride, 1, CVZ_SAME);
        assert_int_equal(cvz_window_outputs(&w, 0, length), (length + stride - 1) / stride);
      }
}

static void half_of_the_zeros_rounded_down_come_before(void **state)
{
  (void)state;
  static const int expected[][5] = {/* kernel, stride, dilation, length, before */
                                    {3, 1, 1, 5, 1}, {2, 1, 1, 5, 0},   {4, 1, 1, 9, 1}, {3, 2, 1, 224, 0},
                                    {3, 2, 1, 9, 1}, {7, 2, 1, 224, 2}, {3, 1, 2, 9, 2}, {1, 2, 1, 9, 0}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    const int *e = expected[i];
    const cvz_window w = square(e[0], e[1], e[2], CVZ_SAME);
    assert_int_equal(cvz_window_before(&w, 0, e[3]), e[4]);
    assert_int_equal(cvz_window_before(&w, 1, e[3]), e[4]);
  }
  const cvz_window valid = square(3, 1, 1, CVZ_VALID);
  assert_int_equal(cvz_window_before(&valid, 0, 9), 0);
}

static void valid_windows_lie_inside(void **state)
{
  (void)state;
  cvz_window w = square(3, 2, 1, CVZ_VALID);
  assert_int_equal(cvz_window_outputs(&w, 0, 9), 4);
  assert_int_equal(cvz_window_outputs(&w, 0, 10), 4);
  assert_int_equal(cvz_window_outputs(&w, 0, 3), 1);
  assert_true(cvz_window_outputs(&w, 0, 2) <= 0);
  w = square(3, 1, 3, CVZ_VALID);
  assert_int_equal(cvz_window_outputs(&w, 1, 9), 3);
}

/* An image of three channels, then convolutions with kernels of `side` x `side`, each of four filters. */
static cvz_graph chain(int count, int side, int stride, int dilation, cvz_padding padding)
{
  cvz_graph graph = {0};
  const cvz_node input = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, 3}};
  cvz_graph_add_layer(&graph, "image", "InputLayer", 0, NULL, NULL);
  cvz_graph_add_node(&graph, &input, NULL);
  for (int i = 0; i < count; i++) {
    const int dims[] = {side, side, i ? 4 : 3, 4};
    const int kernel = cvz_graph_add_weight(&graph, "conv/kernel", 4, dims, NULL);
    const cvz_node node = {.op = CVZ_OP_CONV,
                           .inputs = (int[]){i},
                           .input_count = 1,
                           .layer = i + 1,
                           .conv = {square(side, stride, dilation, padding), 4, 1, kernel, CVZ_NO_WEIGHT}};
    assert_int_equal(cvz_graph_add_layer(&graph, i ? "second" : "first", "Conv2D", i + 1, NULL, NULL), i + 1);
    assert_int_equal(cvz_graph_add_node(&graph, &node, NULL), i + 1);
  }
  return graph;
}

static cvz_status infer(const cvz_graph *graph, int height, int width, cvz_shape *shapes, cvz_error *error)
{
  bool needed[8];
  cvz_graph_needed(graph, graph->node_count - 1, needed);
  return cvz_graph_shapes(graph, needed, height, width, shapes, error);
}

static void an_image_that_is_too_small_names_the_layer(void **state)
{
  (void)state;
  cvz_shape shapes[8];
  cvz_error error = {0};
  cvz_graph graph = chain(2, 5, 1, 1, CVZ_VALID);
  assert_int_equal(infer(&graph, 9, 30, shapes, &error), CVZ_OK);
  assert_int_equal(shapes[2].height, 1);
  assert_int_equal(shapes[2].width, 22);
  assert_int_equal(infer(&graph, 8, 30, shapes, &error), CVZ_E_RANGE);
  assert_non_null(strstr(error.text, "size"));
  assert_non_null(strstr(error.text, "8 x 30"));
  assert_non_null(strstr(error.text, "second"));
  cvz_graph_free(&graph);
}

static void a_weight_that_does_not_fit_names_layer_and_both_shapes(void **state)
{
  (void)state;
  cvz_shape shapes[8];
  cvz_error error = {0};
  cvz_graph graph = chain(2, 3, 1, 1, CVZ_SAME);
  graph.weights[graph.nodes[2].conv.kernel].dims[2] = 5;
  assert_int_equal(infer(&graph, 9, 9, shapes, &error), CVZ_E_FORMAT);
  assert_non_null(strstr(error.text, "second"));
  assert_non_null(strstr(error.text, "(3, 3, 5, 4)"));
  assert_non_null(strstr(error.text, "(3, 3, 4, 4)"));
  cvz_graph_free(&graph);
}

static void what_is_not_needed_has_no_shape(void **state)
{
  (void)state;
  cvz_shape shapes[8];
  cvz_graph graph = chain(2, 3, 1, 1, CVZ_SAME);
  bool needed[8];
  cvz_graph_needed(&graph, 1, needed);
  assert_int_equal(cvz_graph_shapes(&graph, needed, 9, 9, shapes, NULL), CVZ_OK);
  assert_int_equal(shapes[1].channels, 4);
  assert_int_equal(cvz_shape_count(shapes[2]), 0);
  cvz_graph_free(&graph);
}

static void assert_region(cvz_region region, int y0, int y1, int x0, int x1)
{
  assert_int_equal(region.y0, y0);
  assert_int_equal(region.y1, y1);
  assert_int_equal(region.x0, x0);
  assert_int_equal(region.x1, x1);
}

static void regions_grow_by_the_receptive_field(void **state)
{
  (void)state;
  cvz_shape shapes[8];
  cvz_region regions[8];
  cvz_graph graph = chain(2, 3, 1, 1, CVZ_SAME);
  assert_int_equal(infer(&graph, 20, 30, shapes, NULL), CVZ_OK);
  cvz_graph_regions(&graph, shapes, 2, (cvz_region){8, 9, 10, 13}, regions);
  assert_region(regions[1], 7, 10, 9, 14);
  assert_region(regions[0], 6, 11, 8, 15);
  cvz_graph_regions(&graph, shapes, 2, (cvz_region){0, 2, 27, 30}, regions);
  assert_region(regions[0], 0, 4, 25, 30);
  cvz_graph_regions(&graph, shapes, 1, (cvz_region){8, 9, 10, 13}, regions);
  assert_int_equal(regions[2].y0, regions[2].y1);
  cvz_graph_free(&graph);
}

static void strides_multiply_and_dilations_widen_regions(void **state)
{
  (void)state;
  cvz_shape shapes[8];
  cvz_region regions[8];
  cvz_graph graph = chain(2, 3, 2, 1, CVZ_VALID);
  assert_int_equal(infer(&graph, 31, 31, shapes, NULL), CVZ_OK);
  cvz_graph_regions(&graph, shapes, 2, (cvz_region){2, 3, 1, 3}, regions);
  assert_region(regions[1], 4, 7, 2, 7);
  assert_region(regions[0], 8, 15, 4, 15);
  cvz_graph_free(&graph);
  graph = chain(1, 3, 1, 4, CVZ_SAME);
  assert_int_equal(infer(&graph, 31, 31, shapes, NULL), CVZ_OK);
  cvz_graph_regions(&graph, shapes, 1, (cvz_region){15, 16, 15, 16}, regions);
  assert_region(regions[0], 11, 20, 11, 20);
  cvz_graph_free(&graph);
}

static void a_union_holds_both_and_ignores_the_empty(void **state)
{
  (void)state;
  const cvz_region a = {1, 3, 5, 6}, b = {2, 7, 0, 2}, none = {0};
  assert_region(cvz_region_union(a, b), 1, 7, 0, 6);
  assert_region(cvz_region_union(a, none), 1, 3, 5, 6);
  assert_region(cvz_region_union(none, b), 2, 7, 0, 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_padding_gives_ceil_of_input_by_stride),
      cmocka_unit_test(half_of_the_zeros_rounded_down_come_before),
      cmocka_unit_test(valid_windows_lie_inside),
      cmocka_unit_test(an_image_that_is_too_small_names_the_layer),
      cmocka_unit_test(a_weight_that_does_not_fit_names_layer_and_both_shapes),
      cmocka_unit_test(what_is_not_needed_has_no_shape),
      cmocka_unit_test(regions_grow_by_the_receptive_field),
      cmocka_unit_test(strides_multiply_and_dilations_widen_regions),
      cmocka_unit_test(a_union_holds_both_and_ignores_the_empty),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
