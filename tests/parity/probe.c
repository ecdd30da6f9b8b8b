/* tests/parity/probe.c: losses and gradients of one filter's ascent, for the comparison with Keras.
 *
 * probe MODEL ARCH|- LAYER FILTER HEIGHT WIDTH STEPS ISA GEMM ONE_CHANNEL IMAGE RESULT [redirect|PRECISION]
 * IMAGE is a file of float32 (H, W, C). RESULT gets (steps, 2, H, W, C): the image before each step of the ascent of
 * the Keras example, and its gradient before it is normalised. Prints the loss of each step. With 0 steps RESULT gets
 * the layer's whole output, and FILTER and ONE_CHANNEL are 0. With `redirect`, ReLUs are redirected
 * (engine/redirect.h).
 *
 * probe MODEL ARCH|-
 * Prints of each weight the name, a CRC-32 of its float32 values and the shape.
 *
 * probe
 * Prints ISA and GEMM of each engine that this build and processor have, the preferred one first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ascent/ascent.h"
#include "ascent/objective.h"
#include "base/memory.h"
#include "job/cost.h"
#include "model/keras.h"

#define TRY(call) CVZ_TRY_GOTO(call, done)

typedef struct probe {
  cvz_graph graph;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_block values, packed, arena;
} probe;

/* Pixels that the loss leaves out at each side of the target's map. */
static cvz_status loss_border(const cvz_graph *graph, cvz_plan_request *request, cvz_error *error)
{
  cvz_shape map;
  CVZ_TRY(cvz_cost_shape_of(graph, request->target, request->height, request->width, &map, error));
  request->border = cvz_objective_region(map, 2, NULL).y0;
  return CVZ_OK;
}

static cvz_status plan(probe *p, char **argv, cvz_error *error)
{
  const int layer = cvz_graph_find_layer(&p->graph, argv[3]);
  CVZ_REQUIRE(layer >= 0 && p->graph.layers[layer].node >= 0, error, CVZ_E_USAGE, "layer %s: %s", argv[3],
              layer >= 0 ? p->graph.layers[layer].problem : "unknown");
  cvz_isa isa;
  const cvz_gemm *gemm = NULL;
  cvz_plan_request request = {.target = p->graph.layers[layer].node,
                              .one_channel = atoi(argv[10]),
                              .height = atoi(argv[5]),
                              .width = atoi(argv[6]),
                              .redirect = argv[13] && !strcmp(argv[13], "redirect")};
  CVZ_TRY(cvz_isa_from_name(&isa, argv[8], error));
  CVZ_TRY(cvz_kernels_select(&request.kernels, isa, error));
  CVZ_TRY(cvz_gemm_select(&gemm, argv[9], isa, error));
  if (argv[13] && !request.redirect) CVZ_TRY(cvz_bf16_select(&request.bf16, argv[13], isa, error));
  if (atoi(argv[7])) CVZ_TRY(loss_border(&p->graph, &request, error));
  CVZ_TRY(cvz_packs_create(&p->packs, &p->graph, gemm, error));
  return cvz_plan_create(&p->plan, &p->graph, &request, p->packs, error);
}

static cvz_status pack(probe *p, cvz_keras_file *file, cvz_error *error)
{
  cvz_status status;
  bool *wanted = cvz_array((size_t)p->graph.weight_count, sizeof *wanted, error);
  if (!wanted) return CVZ_E_MEMORY;
  cvz_packs_wanted(p->packs, wanted);
  TRY(cvz_block_create(&p->values, p->graph.value_count * sizeof(float), error));
  TRY(cvz_block_create(&p->packed, cvz_packs_layout(p->packs) * sizeof(float), error));
  TRY(cvz_block_create(&p->arena, cvz_plan_arena(p->plan) * sizeof(float), error));
  TRY(cvz_keras_read(file, &p->graph, wanted, p->values.data, NULL, error));
  cvz_packs_bind(p->packs, p->packed.data);
  TRY(cvz_packs_fill(p->packs, p->values.data, 0, 1, error));
done:
  free(wanted);
  return status;
}

/* From the channels of a pixel on there lie those of the next one. */
static void write_output(probe *p, const float *image, size_t count, FILE *out)
{
  memcpy(cvz_run_image(p->run), image, count * sizeof *image);
  cvz_run_select(p->run, 0);
  cvz_run_forward(p->run);
  const cvz_view first = cvz_run_target(p->run);
  const size_t channels = (size_t)cvz_plan_target(p->plan).channels;
  for (int y = 0; y < first.height; y++)
    for (int x = 0; x < first.width; x++)
      fwrite(first.data + (size_t)y * first.row + (size_t)x * first.pixel, sizeof(float), channels, out);
}

static void climb(probe *p, char **argv, float *image, size_t count, FILE *out)
{
  const int steps = atoi(argv[7]);
  float *loss = calloc((size_t)steps, sizeof *loss);
  const cvz_ascent_recipe recipe = {.iterations = steps, .learning_rate = 10, .start = image};
  cvz_ascent ascent;
  cvz_workspace workspace;
  const cvz_shape shape = cvz_plan_image(p->plan);
  if (cvz_workspace_create(&workspace, &recipe, shape, shape, cvz_plan_kernels(p->plan), NULL) != CVZ_OK) exit(3);
  cvz_ascent_begin(&ascent, &workspace, p->run, (cvz_ascent_unit){0, atoi(argv[4]), 0, NULL}, loss);
  for (bool more = true; more;) {
    fwrite(cvz_run_image(p->run), sizeof *image, count, out);
    more = cvz_ascent_step(&ascent);
    fwrite(cvz_run_gradient(p->run), sizeof *image, count, out);
  }
  for (int i = 0; i < steps; i++) printf("%.9g\n", (double)loss[i]);
  cvz_workspace_free(&workspace);
  free(loss);
}

static void measure(probe *p, char **argv)
{
  const size_t count = cvz_shape_count(cvz_plan_image(p->plan));
  float *image = calloc(count, sizeof *image);
  FILE *in = fopen(argv[11], "rb"), *out = fopen(argv[12], "wb");
  if (!in || !out || fread(image, sizeof *image, count, in) != count) exit(3);
  if (atoi(argv[7]))
    climb(p, argv, image, count, out);
  else
    write_output(p, image, count, out);
  fclose(in);
  fclose(out);
  free(image);
}

static cvz_status list_weights(probe *p, cvz_keras_file *file, cvz_error *error)
{
  const cvz_graph *graph = &p->graph;
  CVZ_TRY(cvz_block_create(&p->values, graph->value_count * sizeof(float), error));
  CVZ_TRY(cvz_keras_read(file, graph, NULL, p->values.data, NULL, error));
  for (int i = 0; i < graph->weight_count; i++) {
    const cvz_weight *weight = &graph->weights[i];
    const float *values = (const float *)p->values.data + weight->offset;
    printf("%s %08lx", weight->name, crc32_z(0, (const Bytef *)values, weight->count * sizeof *values));
    for (int j = 0; j < weight->rank; j++) printf(" %d", weight->dims[j]);
    printf("\n");
  }
  return CVZ_OK;
}

static int list_engines(void)
{
  static const char *const names[] = {"libxsmm", "openblas"};
  for (int isa = (int)cvz_cpu_isa(); isa >= 0; isa--)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      const cvz_gemm *gemm = NULL;
      cvz_error error = {0};
      if (cvz_gemm_select(&gemm, names[i], (cvz_isa)isa, &error) == CVZ_OK)
        printf("%s %s\n", cvz_isa_name((cvz_isa)isa), gemm->name);
    }
  return 0;
}

int main(int argc, char **argv)
{
  if (argc == 1) return list_engines();
  probe p = {0};
  cvz_keras_file *file = NULL;
  cvz_error error = {0};
  cvz_status status = CVZ_OK;
  if (argc != 13 && argc != 14 && argc != 3) return 2;
  TRY(cvz_keras_open(&file, argv[1], strcmp(argv[2], "-") ? argv[2] : NULL, &error));
  TRY(cvz_keras_graph(&p.graph, file, &error));
  if (argc == 3) {
    TRY(list_weights(&p, file, &error));
    goto done;
  }
  TRY(plan(&p, argv, &error));
  TRY(pack(&p, file, &error));
  TRY(cvz_run_create(&p.run, p.plan, p.arena.data, &error));
  measure(&p, argv);
done:
  if (status != CVZ_OK) fprintf(stderr, "probe: %s\n", error.text);
  cvz_run_free(p.run);
  cvz_plan_free(p.plan);
  cvz_packs_free(p.packs);
  cvz_graph_free(&p.graph);
  cvz_block_free(&p.values);
  cvz_block_free(&p.packed);
  cvz_block_free(&p.arena);
  cvz_keras_close(file);
  return status != CVZ_OK;
}
