#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "bench/commands.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "kernel/peak.h"
#include "kernel/tiles.h"

#define SECONDS 0.1 /* for one shape and backend */

typedef struct shape {
  int m, n, k; /* pixels, output channels, inputs of an output */
} shape;

/* Of ResNet50V2 up to conv4 at 180 x 180: 1 x 1 convolutions, and rows of im2row for 7 x 7 and 3 x 3. */
static const shape shapes[] = {
    {8100, 64, 147},  {2025, 64, 64},   {2025, 64, 576},  {2025, 256, 64}, {2025, 64, 256},
    {529, 128, 256},  {529, 128, 1152}, {529, 512, 128},  {529, 128, 512}, {144, 256, 512},
    {144, 256, 2304}, {144, 1024, 256}, {144, 256, 1024},
};

typedef struct product {
  shape shape;
  const cvz_gemm *gemm;   /* or */
  const cvz_tiles *tiles; /* the products of 1 x 1 convolutions */
  float *a, *packed, *c;
} product;

/* All blocks of columns; the values do not matter, so neither does how they are packed. */
static void multiply(void *data)
{
  const product *p = data;
  const shape s = p->shape;
  const float *a = p->a;
  for (int first = 0; first < s.n; first += p->gemm->columns) {
    const cvz_gemm_call call = {.m = s.m,
                                .n = s.n - first < p->gemm->columns ? s.n - first : p->gemm->columns,
                                .k = s.k,
                                .terms = 1,
                                .a = &a,
                                .lda = (size_t)s.k,
                                .packed = p->packed + (size_t)first * (size_t)s.k,
                                .c = p->c + first,
                                .ldc = (size_t)s.n};
    p->gemm->multiply(&call);
  }
}

static void multiply_tiles(void *data)
{
  const product *p = data;
  const shape s = p->shape;
  const cvz_tiles_call call = {s.m, s.n, s.k, p->a, (size_t)s.k, p->packed, p->c, (size_t)s.n, false};
  p->tiles->multiply(&call);
}

static void fill(float *values, size_t count, uint32_t step)
{
  const cvz_random random = cvz_random_stream(0, 0, 0, 0, CVZ_PURPOSE_WEIGHTS, step);
  cvz_random_uniform(&random, 0, count, values);
}

/* All three matrices in one block. */
static cvz_status measure(product p, double *gflops, cvz_error *error)
{
  const size_t m = (size_t)p.shape.m, n = (size_t)p.shape.n, k = (size_t)p.shape.k;
  const size_t counts[3] = {m * k, p.tiles ? p.tiles->packed_floats(p.shape.k, p.shape.n) : k * n, m * n};
  float *parts[3];
  size_t bytes = 0;
  cvz_block block = {0};
  for (int i = 0; i < 3; i++) bytes += cvz_align(counts[i] * sizeof(float));
  CVZ_TRY(cvz_block_create(&block, bytes, error));
  parts[0] = block.data;
  for (int i = 1; i < 3; i++) parts[i] = parts[i - 1] + cvz_align(counts[i - 1] * sizeof(float)) / sizeof(float);
  fill(parts[0], counts[0], 0);
  if (!p.tiles) fill(parts[1], counts[1], 1); /* else zeros, which take as long */
  p.a = parts[0];
  p.packed = parts[1];
  p.c = parts[2];
  *gflops =
      2e-9 * p.shape.m * p.shape.n * p.shape.k / cvz_bench_shortest(p.tiles ? multiply_tiles : multiply, &p, SECONDS);
  cvz_block_free(&block);
  return CVZ_OK;
}

/* What is measured: the backends of this build for an instruction set and its tiles, or what is asked for. */
typedef struct contest {
  product list[3];
  int count;
} contest;

static contest contest_of(const cvz_bench_machine *machine, const char *wanted)
{
  const cvz_gemm *const backends[] = {cvz_gemm_openblas(), cvz_gemm_libxsmm(machine->kernels->isa)};
  const cvz_tiles *tiles = cvz_tiles_of(machine->kernels->isa);
  contest c = {.count = 0};
  if (wanted) {
    c.list[c.count++] = (product){.gemm = machine->gemm};
    return c;
  }
  for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
    if (backends[i]) c.list[c.count++] = (product){.gemm = backends[i]};
  if (tiles) c.list[c.count++] = (product){.tiles = tiles};
  return c;
}

static cvz_status print_row(shape s, const contest *c, double peak, FILE *out, cvz_error *error)
{
  fprintf(out, "%6d %6d %6d", s.m, s.n, s.k);
  for (int i = 0; i < c->count; i++) {
    product p = c->list[i];
    double gflops;
    p.shape = s;
    CVZ_TRY(measure(p, &gflops, error));
    fprintf(out, " %12.1f %5.2f", gflops, gflops / peak);
  }
  fputc('\n', out);
  return CVZ_OK;
}

static void print_heading(const contest *c, FILE *out)
{
  fprintf(out, "%6s %6s %6s", "M", "N", "K");
  for (int i = 0; i < c->count; i++) fprintf(out, " %12s ratio", c->list[i].tiles ? "tiles" : c->list[i].gemm->name);
  fputc('\n', out);
}

cvz_status cvz_bench_gemm(const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  cvz_bench_machine machine;
  const int *numbers = options->numbers;
  CVZ_REQUIRE(!options->number_count || options->number_count == 3, error, CVZ_E_USAGE,
              "gemm: %d numbers, expected M N K or none", options->number_count);
  CVZ_TRY(cvz_bench_machine_choose(&machine, options, error));
  const contest c = contest_of(&machine, options->gemm);
  const double peak = cvz_peak_gflops(machine.kernels->isa);
  cvz_bench_machine_print(&machine, out);
  fprintf(out, "FMA peak   %.1f GFLOP/s\n\nGFLOP/s of C (M x N) = A (M x K) B (K x N), B packed\n", peak);
  print_heading(&c, out);
  if (options->number_count) return print_row((shape){numbers[0], numbers[1], numbers[2]}, &c, peak, out, error);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) CVZ_TRY(print_row(shapes[i], &c, peak, out, error));
  return CVZ_OK;
}
