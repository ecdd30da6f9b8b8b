#include "engine/packs.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

typedef struct cvz_pack {
  cvz_pack_kind kind;
  int node, affine, channels;
  size_t count, offset; /* floats */
} cvz_pack;

struct cvz_packs {
  const cvz_graph *graph;
  const cvz_gemm *gemm;
  cvz_pack *list;
  size_t count, capacity;
  float *memory;
};

cvz_status cvz_packs_create(cvz_packs **packs, const cvz_graph *graph, const cvz_gemm *gemm, cvz_error *error)
{
  cvz_packs *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->graph = graph;
  created->gemm = gemm;
  *packs = created;
  return CVZ_OK;
}

void cvz_packs_free(cvz_packs *packs)
{
  if (!packs) return;
  free(packs->list);
  free(packs);
}

/* Rows of a group's weight matrix: kh * kw * channels of the group. */
static int matrix_rows(const cvz_graph *graph, const cvz_node *node)
{
  return (int)(graph->weights[node->conv.kernel].count / (size_t)node->conv.filters);
}

static int group_filters(const cvz_node *node)
{
  return node->conv.filters / node->conv.groups;
}

size_t cvz_packs_group_count(const cvz_packs *packs, const cvz_node *node, cvz_pack_kind kind)
{
  const int rows = matrix_rows(packs->graph, node), filters = group_filters(node);
  const size_t count = kind == CVZ_PACK_CONV ? packs->gemm->packed_count(rows, filters)
                                             : packs->gemm->packed_count(filters, rows);
  return cvz_align(count * sizeof(float)) / sizeof(float);
}

static size_t pack_count(const cvz_packs *packs, const cvz_pack *pack)
{
  const cvz_node *node = &packs->graph->nodes[pack->node];
  switch (pack->kind) {
  case CVZ_PACK_CONV:
  case CVZ_PACK_CONV_BACKWARD:
    return cvz_packs_group_count(packs, node, pack->kind) * (size_t)node->conv.groups;
  case CVZ_PACK_CONV_FILTER:
  case CVZ_PACK_DEPTHWISE:
    return packs->graph->weights[node->conv.kernel].count;
  default:
    return (size_t)pack->channels;
  }
}

cvz_status cvz_packs_add(cvz_packs *packs, cvz_pack_kind kind, int node, int affine, int channels, int *index,
                         cvz_error *error)
{
  for (size_t i = 0; i < packs->count; i++) {
    const cvz_pack *pack = &packs->list[i];
    if (pack->kind == kind && pack->node == node && pack->affine == affine) {
      *index = (int)i;
      return CVZ_OK;
    }
  }
  CVZ_TRY(cvz_grow((void **)&packs->list, &packs->capacity, packs->count, sizeof *packs->list, error));
  cvz_pack *pack = &packs->list[packs->count];
  *pack = (cvz_pack){kind, node, affine, channels, 0, 0};
  pack->count = pack_count(packs, pack);
  *index = (int)packs->count++;
  return CVZ_OK;
}

void cvz_packs_wanted(const cvz_packs *packs, bool *wanted)
{
  for (size_t i = 0; i < packs->count; i++) {
    int weights[8];
    int count = cvz_node_weights(&packs->graph->nodes[packs->list[i].node], weights);
    if (packs->list[i].affine >= 0)
      count += cvz_node_weights(&packs->graph->nodes[packs->list[i].affine], weights + count);
    for (int j = 0; j < count; j++) wanted[weights[j]] = true;
  }
}

size_t cvz_packs_layout(cvz_packs *packs)
{
  size_t bytes = 0;
  for (size_t i = 0; i < packs->count; i++) {
    packs->list[i].offset = bytes / sizeof(float);
    bytes += cvz_align(packs->list[i].count * sizeof(float));
  }
  return bytes / sizeof(float);
}

void cvz_packs_bind(cvz_packs *packs, float *memory)
{
  packs->memory = memory;
}

static double weight_or(const cvz_graph *graph, const float *values, int weight, int channel, double otherwise)
{
  return weight == CVZ_NO_WEIGHT ? otherwise : (double)values[graph->weights[weight].offset + (size_t)channel];
}

/* y = scale x + offset of one channel of an affine node, in double so that folding rounds once. */
static void affine_terms(const cvz_graph *graph, const float *values, const cvz_affine *affine, int channel,
                         double *scale, double *offset)
{
  if (affine->constants) {
    const int i = affine->constants > 1 ? channel : 0;
    *scale = affine->scale ? (double)affine->scale[i] : 1;
    *offset = affine->offset ? (double)affine->offset[i] : 0;
    return;
  }
  const double variance = weight_or(graph, values, affine->variance, channel, 1);
  const double epsilon = (double)affine->epsilon;
  const double deviation = affine->clamped ? fmax(sqrt(variance), epsilon) : sqrt(variance + epsilon);
  *scale = weight_or(graph, values, affine->gamma, channel, 1) / deviation;
  *offset = weight_or(graph, values, affine->beta, channel, 0) -
            weight_or(graph, values, affine->mean, channel, 0) * *scale;
}

/* Scale and offset that a step's output channel gets: those of an affine node, or of one folded into a convolution
 * together with its bias. */
static void output_terms(const cvz_packs *packs, const cvz_pack *pack, const float *values, int channel, double *scale,
                         double *offset)
{
  const cvz_node *node = &packs->graph->nodes[pack->node];
  *scale = 1, *offset = 0;
  if (node->op == CVZ_OP_AFFINE) {
    affine_terms(packs->graph, values, &node->affine, channel, scale, offset);
    return;
  }
  if (pack->affine >= 0)
    affine_terms(packs->graph, values, &packs->graph->nodes[pack->affine].affine, channel, scale, offset);
  *offset += *scale * weight_or(packs->graph, values, node->conv.bias, channel, 0);
}

static float folded(const cvz_packs *packs, const cvz_pack *pack, const float *values, int channel, float weight)
{
  if (pack->affine < 0) return weight;
  double scale, offset;
  affine_terms(packs->graph, values, &packs->graph->nodes[pack->affine].affine, channel, &scale, &offset);
  return (float)((double)weight * scale);
}

/* The kernel with the affine node's scale in it, in the file's order: rows of `channels` outputs. */
static float *folded_kernel(const cvz_packs *packs, const cvz_pack *pack, const float *values, cvz_error *error)
{
  const cvz_node *node = &packs->graph->nodes[pack->node];
  const cvz_weight *weight = &packs->graph->weights[node->conv.kernel];
  const size_t channels = (size_t)pack->channels;
  float *kernel = cvz_array(weight->count, sizeof *kernel, error);
  if (!kernel) return NULL;
  for (size_t c = 0; c < channels; c++) {
    const float factor = folded(packs, pack, values, (int)c, 1.0f);
    for (size_t i = c; i < weight->count; i += channels) kernel[i] = values[weight->offset + i] * factor;
  }
  return kernel;
}

static void fill_conv(const cvz_packs *packs, const cvz_pack *pack, const float *kernel, float *to)
{
  const cvz_node *node = &packs->graph->nodes[pack->node];
  const int rows = matrix_rows(packs->graph, node), filters = group_filters(node);
  const size_t stride = (size_t)node->conv.filters, step = cvz_packs_group_count(packs, node, pack->kind);
  for (int g = 0; g < node->conv.groups; g++, to += step, kernel += filters) {
    if (pack->kind == CVZ_PACK_CONV)
      packs->gemm->pack(to, kernel, rows, filters, stride, 1);
    else
      packs->gemm->pack(to, kernel, filters, rows, 1, stride);
  }
}

static void fill_filters(const cvz_packs *packs, const cvz_pack *pack, const float *kernel, float *to)
{
  const size_t filters = (size_t)pack->channels, rows = pack->count / filters;
  (void)packs;
  for (size_t k = 0; k < filters; k++)
    for (size_t i = 0; i < rows; i++) to[k * rows + i] = kernel[i * filters + k];
}

static void fill_terms(const cvz_packs *packs, const cvz_pack *pack, const float *values, float *to)
{
  for (int c = 0; c < pack->channels; c++) {
    double scale, offset;
    output_terms(packs, pack, values, c, &scale, &offset);
    to[c] = (float)(pack->kind == CVZ_PACK_SCALE ? scale : offset);
  }
}

static cvz_status fill(const cvz_packs *packs, const cvz_pack *pack, const float *values, cvz_error *error)
{
  float *to = packs->memory + pack->offset;
  if (pack->kind == CVZ_PACK_SCALE || pack->kind == CVZ_PACK_OFFSET) {
    fill_terms(packs, pack, values, to);
    return CVZ_OK;
  }
  float *kernel = folded_kernel(packs, pack, values, error);
  if (!kernel) return CVZ_E_MEMORY;
  if (pack->kind == CVZ_PACK_DEPTHWISE)
    memcpy(to, kernel, pack->count * sizeof *to);
  else if (pack->kind == CVZ_PACK_CONV_FILTER)
    fill_filters(packs, pack, kernel, to);
  else
    fill_conv(packs, pack, kernel, to);
  free(kernel);
  return CVZ_OK;
}

cvz_status cvz_packs_fill(cvz_packs *packs, const float *values, int part, int parts, cvz_error *error)
{
  size_t total = 0, before = 0;
  for (size_t i = 0; i < packs->count; i++) total += packs->list[i].count;
  for (size_t i = 0; i < packs->count; i++) {
    const int owner = (int)((double)before / (double)total * parts);
    before += packs->list[i].count;
    if (owner == part) CVZ_TRY(fill(packs, &packs->list[i], values, error));
  }
  return CVZ_OK;
}

const float *cvz_packs_data(const cvz_packs *packs, int index)
{
  assert(packs->memory);
  return packs->memory + packs->list[index].offset;
}

const cvz_gemm *cvz_packs_gemm(const cvz_packs *packs)
{
  return packs->gemm;
}
