#include "engine/packs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/blocks.h"
#include "engine/fold.h"

typedef struct cvz_pack {
  cvz_pack_request request;
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

static const cvz_weight *first_weight(const cvz_packs *packs, const cvz_pack_request *request)
{
  int weights[4];
  cvz_node_weights(&packs->graph->nodes[request->node], weights);
  return &packs->graph->weights[weights[0]];
}

static size_t pack_count(const cvz_packs *packs, const cvz_pack_request *request)
{
  switch (request->kind) {
  case CVZ_PACK_SCALE:
  case CVZ_PACK_OFFSET:
    return (size_t)request->channels;
  case CVZ_PACK_PLAIN:
  case CVZ_PACK_TRANSPOSED:
    return first_weight(packs, request)->count;
  case CVZ_PACK_DEPTHWISE:
    return packs->graph->weights[packs->graph->nodes[request->node].conv.kernel].count;
  case CVZ_PACK_FORWARD_BF16:
  case CVZ_PACK_BACKWARD_BF16:
  case CVZ_PACK_WINOGRAD_BACKWARD_BF16:
  case CVZ_PACK_FORWARD_TILES:
  case CVZ_PACK_BACKWARD_TILES:
    return cvz_blocks_pieces_count(packs->graph, request);
  default:
    return cvz_blocks_count(packs->graph, request);
  }
}

static bool same_request(const cvz_pack_request *a, const cvz_pack_request *b)
{
  return a->kind == b->kind && a->node == b->node && a->affine == b->affine && a->columns == b->columns &&
         a->length == b->length;
}

cvz_status cvz_packs_add(cvz_packs *packs, const cvz_pack_request *request, int *index, cvz_error *error)
{
  for (size_t i = 0; i < packs->count; i++)
    if (same_request(&packs->list[i].request, request)) {
      *index = (int)i;
      return CVZ_OK;
    }
  CVZ_TRY(cvz_grow((void **)&packs->list, &packs->capacity, packs->count, sizeof *packs->list, error));
  packs->list[packs->count] = (cvz_pack){*request, pack_count(packs, request), 0};
  *index = (int)packs->count++;
  return CVZ_OK;
}

void cvz_packs_wanted(const cvz_packs *packs, bool *wanted)
{
  for (size_t i = 0; i < packs->count; i++) {
    const cvz_pack_request *request = &packs->list[i].request;
    int weights[8];
    int count = cvz_node_weights(&packs->graph->nodes[request->node], weights);
    if (request->affine >= 0) count += cvz_node_weights(&packs->graph->nodes[request->affine], weights + count);
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

static void fill_terms(const cvz_packs *packs, const cvz_pack_request *request, const float *values, float *to)
{
  for (int c = 0; c < request->channels; c++) {
    double scale, offset;
    cvz_fold_output(packs->graph, values, request, c, &scale, &offset);
    to[c] = (float)(request->kind == CVZ_PACK_SCALE ? scale : offset);
  }
}

static void fill_weight(const cvz_packs *packs, const cvz_pack_request *request, const float *values, float *to)
{
  const cvz_weight *weight = first_weight(packs, request);
  const size_t last = request->kind == CVZ_PACK_PLAIN ? 1 : (size_t)weight->dims[weight->rank - 1];
  const size_t others = weight->count / last;
  for (size_t i = 0; i < others; i++)
    for (size_t j = 0; j < last; j++) to[j * others + i] = values[weight->offset + i * last + j];
}

static cvz_status fill(const cvz_packs *packs, const cvz_pack *pack, const float *values, cvz_error *error)
{
  float *to = packs->memory + pack->offset;
  if (pack->request.kind == CVZ_PACK_SCALE || pack->request.kind == CVZ_PACK_OFFSET) {
    fill_terms(packs, &pack->request, values, to);
    return CVZ_OK;
  }
  if (pack->request.kind == CVZ_PACK_PLAIN || pack->request.kind == CVZ_PACK_TRANSPOSED) {
    fill_weight(packs, &pack->request, values, to);
    return CVZ_OK;
  }
  float *kernel = cvz_fold_kernel(packs->graph, values, &pack->request, error);
  if (!kernel) return CVZ_E_MEMORY;
  cvz_status status = CVZ_OK;
  if (cvz_blocks_are_pieces(pack->request.kind))
    status = cvz_blocks_pieces_fill(packs->graph, &pack->request, kernel, to, error);
  else if (pack->request.kind == CVZ_PACK_DEPTHWISE)
    memcpy(to, kernel, pack->count * sizeof *to);
  else
    cvz_blocks_fill(packs->graph, &pack->request, kernel, to);
  free(kernel);
  return status;
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

size_t cvz_packs_count(const cvz_packs *packs, int index)
{
  return packs->list[index].count;
}

const cvz_gemm *cvz_packs_gemm(const cvz_packs *packs)
{
  return packs->gemm;
}
