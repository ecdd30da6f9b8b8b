#include <stdlib.h>

#include "base/memory.h"
#include "engine/blocks.h"
#include "kernel/bf16.h"
#include "kernel/tiles.h"
#include "kernel/winograd.h"

/* The kind of the same blocks in float32; the kind itself if that is what it is. */
static cvz_pack_kind plain_kind(cvz_pack_kind kind)
{
  switch (kind) {
  case CVZ_PACK_FORWARD_BF16:
  case CVZ_PACK_FORWARD_TILES:
    return CVZ_PACK_FORWARD;
  case CVZ_PACK_BACKWARD_BF16:
  case CVZ_PACK_BACKWARD_TILES:
    return CVZ_PACK_BACKWARD;
  case CVZ_PACK_WINOGRAD_BACKWARD_BF16:
    return CVZ_PACK_WINOGRAD_BACKWARD;
  default:
    return kind;
  }
}

bool cvz_blocks_are_pieces(cvz_pack_kind kind)
{
  return plain_kind(kind) != kind;
}

static cvz_pack_request in_float32(const cvz_pack_request *request)
{
  cvz_pack_request plain = *request;
  plain.kind = plain_kind(request->kind);
  return plain;
}

static bool for_tiles(cvz_pack_kind kind)
{
  return kind == CVZ_PACK_FORWARD_TILES || kind == CVZ_PACK_BACKWARD_TILES;
}

/* Rows and columns of a direction's matrix. */
static int inputs_of(const cvz_conv_sizes *sizes, const cvz_pack_request *plain)
{
  return plain->kind == CVZ_PACK_FORWARD ? sizes->channels : sizes->filters;
}

static int outputs_of(const cvz_conv_sizes *sizes, const cvz_pack_request *plain)
{
  return plain->kind == CVZ_PACK_FORWARD ? sizes->filters : sizes->channels;
}

size_t cvz_blocks_pieces_count(const cvz_graph *graph, const cvz_pack_request *request)
{
  const cvz_conv_sizes sizes = cvz_blocks_sizes(graph, &graph->nodes[request->node]);
  const cvz_pack_request plain = in_float32(request);
  if (!for_tiles(request->kind)) return cvz_blocks_count(graph, &plain) / 2;
  return cvz_tiles_of(CVZ_ISA_AMX)->packed_floats(inputs_of(&sizes, &plain), outputs_of(&sizes, &plain));
}

/* Blocks of `rows` rows, `all` columns in sum. */
static void round_blocks(const float **from, uint16_t **to, size_t rows, int all, int columns)
{
  for (int first = 0; first < all; first += columns) {
    const size_t width = (size_t)(all - first < columns ? all - first : columns);
    cvz_bf16_pack(*to, *from, rows, width);
    *from += rows * width;
    *to += rows * width;
  }
}

static void round_backward(const cvz_conv_sizes *s, const float *from, uint16_t *to, int columns)
{
  for (int row = 0; row < s->stride[0]; row++)
    for (int column = 0; column < s->stride[1]; column++) {
      const size_t taps = (size_t)cvz_blocks_taps(s, 0, row) * (size_t)cvz_blocks_taps(s, 1, column);
      round_blocks(&from, &to, taps * (size_t)s->filters, s->channels, columns);
    }
}

static void round_all(const cvz_conv_sizes *s, const cvz_pack_request *plain, const float *from, uint16_t *to)
{
  const size_t taps = (size_t)s->kernel[0] * (size_t)s->kernel[1];
  if (plain->kind == CVZ_PACK_FORWARD)
    round_blocks(&from, &to, taps * (size_t)s->channels, s->filters, plain->columns);
  else if (plain->kind == CVZ_PACK_BACKWARD)
    round_backward(s, from, to, plain->columns);
  else
    for (int e = 0; e < cvz_winograd_points(plain->length); e++)
      round_blocks(&from, &to, (size_t)s->filters, s->channels, plain->columns);
}

cvz_status cvz_blocks_pieces_fill(const cvz_graph *graph, const cvz_pack_request *request, const float *kernel,
                                  float *pack, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_blocks_sizes(graph, &graph->nodes[request->node]);
  const cvz_pack_request plain = in_float32(request);
  float *blocks = cvz_array(cvz_blocks_count(graph, &plain), sizeof *blocks, error);
  if (!blocks) return CVZ_E_MEMORY;
  cvz_blocks_fill(graph, &plain, kernel, blocks);
  if (for_tiles(request->kind))
    cvz_tiles_of(CVZ_ISA_AMX)->pack(pack, blocks, inputs_of(&sizes, &plain), outputs_of(&sizes, &plain));
  else
    round_all(&sizes, &plain, blocks, (uint16_t *)(void *)pack);
  free(blocks);
  return CVZ_OK;
}
