#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "bench/commands.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "graph/graph.h"
#include "kernel/peak.h"

#define SECONDS 0.05 /* for one kernel */

/* What a call may touch: maps of the row's size, and whatever else a kernel wants. */
typedef struct bench {
  const cvz_kernels *kernels;
  cvz_view a, b, c; /* (height, width, channels) */
  cvz_view half;    /* (height / 2, width / 2, channels): behind a window of stride 2 */
  cvz_slide same, pool;
  float *weights; /* (3, 3, channels), of which the first row also serves as scale and offset */
  float *matrix;  /* windows of `same` as rows, or tiles of Winograd */
  cvz_bits bits;  /* of a map, half of them set */
  uint16_t *places;
  cvz_fourier_tables fourier; /* of the map's height */
} bench;

#define COLUMNS 64 /* of the products that skip zeros */

static const cvz_clamp relu = {0, INFINITY}, relu6 = {0, 6};

/* One function for each row of the table below. */
#define CALL(name, expression)                                                                                         \
  static void call_##name(void *data)                                                                                  \
  {                                                                                                                    \
    const bench *b = data;                                                                                             \
    b->kernels->expression;                                                                                            \
  }
CALL(fill, fill(b->c, 1))
CALL(copy, copy(b->c, b->a, false))
CALL(copy_add, copy(b->c, b->a, true))
CALL(add, add(b->c, b->a, b->b))
CALL(multiply, multiply(b->c, b->a, b->b, false))
CALL(pixel_sum, pixel_sum(b->weights, b->a, 0))
CALL(affine_backward, affine_backward(b->c, b->a, b->weights, (cvz_bits){0}, false))
CALL(clamp_backward, clamp_backward(b->c, b->a, relu))
CALL(relu, relu(b->c, b->a, relu, 0))
CALL(relu_backward, relu_backward(b->c, b->b, b->a, relu, 0, false))
CALL(sigmoid, curve(b->c, b->a, CVZ_CURVE_SIGMOID, 0))
CALL(tanh, curve(b->c, b->a, CVZ_CURVE_TANH, 0))
CALL(swish, curve(b->c, b->a, CVZ_CURVE_SWISH, 0))
CALL(swish_backward, curve_backward(b->c, b->b, b->a, CVZ_CURVE_SWISH, 0, false))
CALL(softmax, softmax(b->c, b->a))
CALL(softmax_backward, softmax_backward(b->c, b->b, b->a, false))
CALL(maxpool, maxpool(&b->pool, b->half, b->a, b->places, false))
CALL(maxpool_backward, maxpool_backward(&b->pool, b->c, b->half, b->places, false))
CALL(avgpool, avgpool(&b->pool, b->half, b->a))
CALL(avgpool_backward, avgpool_backward(&b->pool, b->c, b->half, false))
CALL(im2row, im2row(&b->same, b->matrix, b->a, 0, b->a.height, b->a.width))
CALL(row2im, row2im(&b->same, b->c, b->matrix, 0, b->a.height, b->a.width))
CALL(dot, dot(b->a.data, b->b.data, (size_t)b->a.height * b->a.row))
CALL(scale, scale(b->c.data, b->a.data, 2, (size_t)b->a.height * b->a.row))
CALL(nonzero, nonzero(b->bits.data, b->a.height * b->a.width, b->a.channels, b->a.data, b->a.pixel))
CALL(masked_multiply, masked_multiply(b->a.height * b->a.width, COLUMNS, b->a.channels, b->a.data, b->a.pixel,
                                      b->bits.data, b->bits.pixel, b->matrix, b->c.data, COLUMNS))

static void call_sparse_multiply(void *data)
{
  const bench *b = data;
  const cvz_sparse_product product = {.rows = 1,
                                      .width = b->a.height * b->a.width,
                                      .channels = b->a.channels,
                                      .columns = COLUMNS,
                                      .x = b->a.data,
                                      .x_pixel = b->a.pixel,
                                      .bits = b->bits.data,
                                      .bits_pixel = b->bits.pixel,
                                      .weights = b->matrix,
                                      .y = b->c.data,
                                      .y_pixel = COLUMNS};
  b->kernels->sparse_multiply(&product);
}

/* The same with an epilogue. */
#define CALL_FINISHED(name, expression, ...)                                                                           \
  static void call_##name(void *data)                                                                                  \
  {                                                                                                                    \
    const bench *b = data;                                                                                             \
    const cvz_epilogue epilogue = {__VA_ARGS__};                                                                       \
    b->kernels->expression;                                                                                            \
  }
#define FORWARD(bound) .offset = b->weights, .clamp = bound, .passed = b->bits
#define BACKWARD       .clamp = {1, INFINITY}, .kept = b->bits
CALL_FINISHED(finish, finish(b->c, &epilogue), FORWARD(relu))
CALL_FINISHED(finish_residual, finish(b->c, &epilogue), FORWARD(relu), .residual = b->b)
CALL_FINISHED(depthwise, depthwise(&b->same, b->c, b->a, b->weights, 1, &epilogue), FORWARD(relu6))
CALL_FINISHED(depthwise_plain, depthwise(&b->same, b->c, b->a, b->weights, 1, &epilogue), .clamp = {1, INFINITY})
CALL_FINISHED(depthwise_backward, depthwise_backward(&b->same, b->c, b->a, b->weights, 1, &epilogue), BACKWARD)
CALL_FINISHED(depthwise_backward_add, depthwise_backward(&b->same, b->c, b->a, b->weights, 1, &epilogue), BACKWARD,
              .accumulate = true)
CALL(affine, affine(b->c, b->a, b->weights, b->weights, relu, b->bits))

/* Of zeros, which stay what they are: the result is the next input. */
static void call_fourier(void *data)
{
  bench *b = data;
  b->kernels->fourier(&b->fourier, b->a.data, b->b.data);
}

/* All gradients count: the worst case. */
static void call_scatter(void *data)
{
  const bench *b = data;
  const cvz_slide slide = {{7, 7}, {2, 2}, {1, 1}, {0, 0}};
  const cvz_view windows = cvz_view_dense(b->matrix, 2 * b->a.height + 5, 2 * b->a.width + 5, 3);
  b->kernels->scatter(&slide, windows, b->a, b->c.data);
}

static void call_keep(void *data)
{
  const bench *b = data;
  b->kernels->keep(b->c, b->bits);
}

#define TILES     40 /* of Winograd in a batch, as the engine has them */
#define PLANE_GAP 16

typedef void tiles_call(const bench *b, const cvz_winograd_batch *batch);

/* Calls with the tiles of `tile` outputs a side that cover height x width outputs, batch by batch. */
static void for_tiles(const bench *b, int height, int width, int tile, int channels, tiles_call *call)
{
  cvz_winograd_batch batch = {.tile = tile,
                              .columns = (width + tile - 1) / tile,
                              .before = {1, 1},
                              .plane = TILES * (size_t)channels + PLANE_GAP};
  const int tiles = batch.columns * ((height + tile - 1) / tile);
  for (; batch.first < tiles; batch.first += TILES) {
    batch.count = tiles - batch.first < TILES ? tiles - batch.first : TILES;
    call(b, &batch);
  }
}

/* As CALL, for `height` x `width` outputs of a window that a batch of tiles covers. */
#define CALL_TILES(name, height, width, tile, channels, expression, ...)                                               \
  static void batch_##name(const bench *b, const cvz_winograd_batch *batch)                                            \
  {                                                                                                                    \
    const cvz_epilogue epilogue = {__VA_ARGS__};                                                                       \
    (void)epilogue;                                                                                                    \
    b->kernels->expression;                                                                                            \
  }                                                                                                                    \
  static void call_##name(void *data)                                                                                  \
  {                                                                                                                    \
    const bench *b = data;                                                                                             \
    for_tiles(b, height, width, tile, channels, batch_##name);                                                         \
  }
CALL_TILES(winograd_input, b->a.height, b->a.width, CVZ_WINOGRAD_TILE, b->a.channels,
           winograd_input(batch, b->matrix, b->a), 0)
CALL_TILES(winograd_output, b->c.height, b->c.width, CVZ_WINOGRAD_TILE, b->c.channels,
           winograd_output(batch, b->c, b->matrix, &epilogue), FORWARD(relu))
CALL_TILES(winograd_large_input, b->a.height, b->a.width, CVZ_WINOGRAD_LARGE_TILE, b->a.channels,
           winograd_input(batch, b->matrix, b->a), 0)
CALL_TILES(winograd_large_output, b->c.height, b->c.width, CVZ_WINOGRAD_LARGE_TILE, b->c.channels,
           winograd_output(batch, b->c, b->matrix, &epilogue), FORWARD(relu))
CALL_TILES(winograd_output_kept, b->c.height, b->c.width, CVZ_WINOGRAD_TILE, b->c.channels,
           winograd_output(batch, b->c, b->matrix, &epilogue), BACKWARD)
CALL_TILES(winograd_stride2_input, b->half.height, b->half.width, CVZ_WINOGRAD_STRIDE2_TILE, 4 * b->a.channels,
           winograd_stride2_input(batch, b->matrix, b->a), 0)
CALL_TILES(winograd_stride2_output, b->c.height, b->c.width, CVZ_WINOGRAD_STRIDE2_TILE, b->c.channels,
           winograd_output(batch, b->c, b->matrix, &epilogue), FORWARD(relu))

/* Floats read and written, and FLOPs that multiply-adds could do, for each element of a map. */
static const struct row {
  const char *name;
  void (*call)(void *data);
  int height, width, channels;
  double floats, flops;
} rows[] = {
    {"fill", call_fill, 45, 45, 64, 1, 0},
    {"copy", call_copy, 45, 45, 64, 2, 0},
    {"copy, adding", call_copy_add, 45, 45, 64, 3, 0},
    {"add", call_add, 45, 45, 64, 3, 0},
    {"multiply", call_multiply, 45, 45, 64, 3, 0},
    {"pixel_sum", call_pixel_sum, 45, 45, 64, 1, 0},
    {"affine with ReLU", call_affine, 45, 45, 64, 2, 0},
    {"affine_backward", call_affine_backward, 45, 45, 64, 2, 0},
    {"clamp_backward", call_clamp_backward, 45, 45, 64, 3, 0},
    {"finish", call_finish, 45, 45, 64, 2, 0},
    {"finish, residual", call_finish_residual, 45, 45, 64, 3, 0},
    {"keep", call_keep, 45, 45, 64, 2, 0},
    {"relu", call_relu, 45, 45, 64, 2, 0},
    {"relu_backward", call_relu_backward, 45, 45, 64, 3, 0},
    {"sigmoid", call_sigmoid, 45, 45, 64, 2, 0},
    {"tanh", call_tanh, 45, 45, 64, 2, 0},
    {"swish", call_swish, 45, 45, 64, 2, 0},
    {"swish_backward", call_swish_backward, 45, 45, 64, 3, 0},
    {"softmax", call_softmax, 1, 1, 1000, 2, 0},
    {"softmax_backward", call_softmax_backward, 1, 1, 1000, 3, 0},
    {"maxpool 3x3/2", call_maxpool, 90, 90, 64, 1.375, 0},
    {"maxpool_backward", call_maxpool_backward, 90, 90, 64, 1.375, 0},
    {"avgpool 3x3/2", call_avgpool, 90, 90, 64, 1.25, 0},
    {"avgpool_backward", call_avgpool_backward, 90, 90, 64, 2.25, 0},
    {"depthwise 3x3", call_depthwise_plain, 45, 45, 128, 2, 18},
    {"depthwise 3x3, ReLU6", call_depthwise, 45, 45, 128, 2, 18},
    {"depthwise_backward", call_depthwise_backward, 45, 45, 128, 2, 18},
    {"depthwise_backward, add", call_depthwise_backward_add, 45, 45, 128, 3, 18},
    {"scatter 7x7/2", call_scatter, 90, 90, 64, 1, 0},
    {"im2row 3x3", call_im2row, 23, 23, 128, 10, 0},
    {"row2im 3x3", call_row2im, 23, 23, 128, 11, 0},
    {"winograd_input", call_winograd_input, 45, 45, 64, 3.25, 0},
    {"winograd_output", call_winograd_output, 45, 45, 64, 3.25, 0},
    {"winograd_output, kept", call_winograd_output_kept, 45, 45, 64, 3.25, 0},
    {"winograd_input, 6x6", call_winograd_large_input, 45, 45, 64, 2.78, 0},
    {"winograd_output, 6x6", call_winograd_large_output, 45, 45, 64, 2.78, 0},
    {"winograd_stride2_input", call_winograd_stride2_input, 180, 180, 3, 5, 0},
    {"winograd_stride2_output", call_winograd_stride2_output, 90, 90, 64, 5, 0},
    {"fourier 128", call_fourier, 128, 1, 2 * CVZ_FOURIER_LANES, 2, 17.5},
    {"fourier 150", call_fourier, 150, 1, 2 * CVZ_FOURIER_LANES, 2, 18.1},
    {"dot", call_dot, 1, 1, 1152, 2, 2},
    {"scale", call_scale, 1, 1, 1152, 2, 0},
    {"nonzero", call_nonzero, 23, 23, 256, 1, 0},
    {"sparse_multiply at 1/2", call_sparse_multiply, 23, 23, 256, 1.25, 2 * COLUMNS},
    {"masked_multiply at 1/2", call_masked_multiply, 23, 23, 256, 1.25, 2 * COLUMNS},
};

static float *take(float **place, size_t count)
{
  float *taken = *place;
  *place += cvz_align(count * sizeof(float)) / sizeof(float);
  return taken;
}

/* Lays out everything that a row may touch. */
static void lay_out(bench *b, const struct row *row, float *memory)
{
  const int h = row->height, w = row->width, c = row->channels;
  const size_t map = (size_t)h * (size_t)w * (size_t)c;
  float *place = memory;
  b->a = cvz_view_dense(take(&place, map), h, w, c);
  b->b = cvz_view_dense(take(&place, map), h, w, c);
  b->c = cvz_view_dense(take(&place, map), h, w, c);
  b->half = cvz_view_dense(take(&place, map), (h + 1) / 2, (w + 1) / 2, c);
  b->weights = take(&place, 9 * (size_t)c);
  b->matrix = take(&place, 9 * map);
  b->places = (uint16_t *)(void *)take(&place, map);
  b->bits = (cvz_bits){(uint64_t *)(void *)take(&place, map), (size_t)w * cvz_bits_words(c), cvz_bits_words(c)};
}

static cvz_status measure(const cvz_kernels *kernels, const struct row *row, double *seconds, cvz_error *error)
{
  bench b = {.kernels = kernels, .same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}}, .pool = {{3, 3}, {2, 2}, {1, 1}, {0, 0}}};
  cvz_block block;
  const size_t map = (size_t)row->height * (size_t)row->width * (size_t)row->channels;
  const size_t floats = 20 * map + 64 * (size_t)row->channels + 1024;
  const cvz_random random = cvz_random_stream(0, 0, 0, 0, CVZ_PURPOSE_WEIGHTS, 0);
  CVZ_TRY(cvz_block_create(&block, floats * sizeof(float), error));
  lay_out(&b, row, block.data);
  cvz_random_uniform(&random, 0, 3 * map, block.data);
  for (size_t i = 0; i < 2 * map; i++) b.a.data[i] -= 0.5f;
  for (size_t i = 0; i < (size_t)row->height * b.bits.row; i++) b.bits.data[i] = 0x9E3779B97F4A7C15u * (i + 1);
  if (row->call == call_maxpool_backward) call_maxpool(&b);
  if (row->call == call_fourier) memset(block.data, 0, 2 * map * sizeof(float));
  const cvz_status status = cvz_fourier_tables_create(&b.fourier, row->height, error);
  if (status == CVZ_OK) *seconds = cvz_bench_shortest(row->call, &b, SECONDS);
  cvz_fourier_tables_free(&b.fourier);
  cvz_block_free(&block);
  return status;
}

static void print_row(const struct row *row, double seconds, double peak, FILE *out)
{
  const double elements = (double)row->height * row->width * row->channels;
  char shape[48];
  cvz_shape_text((cvz_shape){3, row->height, row->width, row->channels}, shape, sizeof shape);
  fprintf(out, "%-24s %-16s %10.2f %8.1f", row->name, shape, 1e6 * seconds,
          1e-9 * sizeof(float) * row->floats * elements / seconds);
  if (row->flops > 0) fprintf(out, " %6.2f", 1e-9 * row->flops * elements / seconds / peak);
  fputc('\n', out);
}

cvz_status cvz_bench_kernels(const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  cvz_bench_machine machine;
  CVZ_TRY(cvz_bench_machine_choose(&machine, options, error));
  const double peak = cvz_peak_gflops(machine.kernels->isa);
  cvz_bench_machine_print(&machine, out);
  fprintf(out, "FMA peak   %.1f GFLOP/s\n\n%-24s %-16s %10s %8s %6s\n", peak, "kernel", "map", "us", "GB/s", "ratio");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double seconds;
    CVZ_TRY(measure(machine.kernels, &rows[i], &seconds, error));
    print_row(&rows[i], seconds, peak, out);
  }
  return CVZ_OK;
}
