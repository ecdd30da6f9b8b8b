#include "engine/blocks.h"

#include "kernel/winograd.h"

cvz_conv_sizes cvz_blocks_sizes(const cvz_graph *graph, const cvz_node *node)
{
  const cvz_weight *weight = &graph->weights[node->conv.kernel];
  const bool dense = weight->rank == 2;
  cvz_conv_sizes sizes = {{1, 1}, {1, 1}, weight->dims[dense ? 0 : 2], node->conv.filters, 1};
  for (int axis = 0; axis < 2 && !dense; axis++) {
    sizes.kernel[axis] = node->conv.window.kernel[axis];
    sizes.stride[axis] = node->conv.window.stride[axis];
  }
  sizes.groups = dense ? 1 : node->conv.groups;
  sizes.filters /= sizes.groups;
  return sizes;
}

int cvz_blocks_taps(const cvz_conv_sizes *sizes, int axis, int class)
{
  return (sizes->kernel[axis] - class + sizes->stride[axis] - 1) / sizes->stride[axis];
}

size_t cvz_blocks_class_offset(const cvz_conv_sizes *sizes, int row, int column)
{
  size_t taps = 0;
  for (int y = 0; y <= row; y++)
    for (int x = 0; x < (y < row ? sizes->stride[1] : column); x++)
      taps += (size_t)cvz_blocks_taps(sizes, 0, y) * (size_t)cvz_blocks_taps(sizes, 1, x);
  return taps * (size_t)sizes->channels * (size_t)sizes->filters;
}

static int chunks_of(const cvz_conv_sizes *sizes, int taps)
{
  return (sizes->kernel[1] + taps - 1) / taps;
}

size_t cvz_blocks_count(const cvz_graph *graph, const cvz_pack_request *request)
{
  const cvz_conv_sizes s = cvz_blocks_sizes(graph, &graph->nodes[request->node]);
  size_t taps = (size_t)s.kernel[0] * (size_t)s.kernel[1];
  if (request->kind == CVZ_PACK_FORWARD)
    taps = (size_t)s.kernel[0] * (size_t)chunks_of(&s, request->length) * (size_t)request->length;
  if (request->kind == CVZ_PACK_STEM) taps = 4 * (size_t)cvz_winograd_points(CVZ_WINOGRAD_STRIDE2_TILE);
  if (request->kind == CVZ_PACK_SCATTER) return (size_t)s.filters * (size_t)s.kernel[0] * (size_t)request->columns;
  if (request->kind == CVZ_PACK_WINOGRAD || request->kind == CVZ_PACK_WINOGRAD_BACKWARD)
    taps = (size_t)cvz_winograd_points(request->length);
  return taps * (size_t)s.channels * (size_t)s.filters * (size_t)s.groups;
}

/* What all the loops below read. Element (r, s, c, k) of a group's kernel is kernel[((r kw + s) C + c) pitch + k]. */
typedef struct cvz_block_source {
  cvz_conv_sizes sizes;
  const float *kernel;
  size_t pitch;
} cvz_block_source;

static const float *element(const cvz_block_source *source, int r, int s, int c, int k)
{
  const size_t tap = (size_t)r * (size_t)source->sizes.kernel[1] + (size_t)s;
  return source->kernel + (tap * (size_t)source->sizes.channels + (size_t)c) * source->pitch + (size_t)k;
}

static int block_width(int columns, int first, int all)
{
  return all - first < columns ? all - first : columns;
}

/* A chunk's rows of one block of filters. */
static float *forward_chunk(const cvz_block_source *source, int r, int s, int taps, int first, int width, float *to)
{
  for (int t = s; t < s + taps; t++)
    for (int c = 0; c < source->sizes.channels; c++)
      for (int k = 0; k < width; k++) *to++ = t < source->sizes.kernel[1] ? *element(source, r, t, c, first + k) : 0.0f;
  return to;
}

static float *fill_forward(const cvz_block_source *source, int columns, int taps, float *to)
{
  const cvz_conv_sizes *s = &source->sizes;
  for (int first = 0; first < s->filters; first += block_width(columns, first, s->filters))
    for (int r = 0; r < s->kernel[0]; r++)
      for (int chunk = 0; chunk < chunks_of(s, taps); chunk++)
        to = forward_chunk(source, r, chunk * taps, taps, first, block_width(columns, first, s->filters), to);
  return to;
}

/* The rows of one tap of one block of channels. */
static float *backward_tap(const cvz_block_source *source, int r, int s, int first, int width, float *to)
{
  for (int k = 0; k < source->sizes.filters; k++)
    for (int c = 0; c < width; c++) *to++ = *element(source, r, s, first + c, k);
  return to;
}

static float *backward_class(const cvz_block_source *source, int columns, int row, int column, float *to)
{
  const cvz_conv_sizes *s = &source->sizes;
  for (int first = 0; first < s->channels; first += block_width(columns, first, s->channels))
    for (int i = cvz_blocks_taps(s, 0, row) - 1; i >= 0; i--)
      for (int j = cvz_blocks_taps(s, 1, column) - 1; j >= 0; j--)
        to = backward_tap(source, row + i * s->stride[0], column + j * s->stride[1], first,
                          block_width(columns, first, s->channels), to);
  return to;
}

static float *fill_backward(const cvz_block_source *source, int columns, float *to)
{
  for (int row = 0; row < source->sizes.stride[0]; row++)
    for (int column = 0; column < source->sizes.stride[1]; column++)
      to = backward_class(source, columns, row, column, to);
  return to;
}

/* Row i and column j of the transformed matrices; forward i is a channel and j a filter. */
static void winograd_element(const cvz_block_source *source, int tile, bool backward, int i, int j, float *to,
                             size_t plane)
{
  const ptrdiff_t column = (ptrdiff_t)((size_t)source->sizes.channels * source->pitch);
  double u[CVZ_WINOGRAD_MOST_POINTS];
  if (backward)
    cvz_winograd_weights(tile, u, element(source, 2, 2, j, i), -3 * column, -column);
  else
    cvz_winograd_weights(tile, u, element(source, 0, 0, i, j), 3 * column, column);
  for (int e = 0; e < cvz_winograd_points(tile); e++) to[(size_t)e * plane] = (float)u[e];
}

static float *fill_winograd(const cvz_block_source *source, int columns, int tile, bool backward, float *to)
{
  const int rows = backward ? source->sizes.filters : source->sizes.channels;
  const int all = backward ? source->sizes.channels : source->sizes.filters;
  const size_t plane = (size_t)rows * (size_t)all;
  for (int first = 0; first < all; first += block_width(columns, first, all))
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < block_width(columns, first, all); j++)
        winograd_element(source, tile, backward, i, first + j, to++, plane);
  return to + (size_t)(cvz_winograd_points(tile) - 1) * plane;
}

/* Channel `i` of a block of 2 x 2 pixels is ((y * 2 + x) * C + c). */
static void stem_element(const cvz_block_source *source, int i, int j, float *to, size_t plane)
{
  const cvz_conv_sizes *s = &source->sizes;
  const ptrdiff_t column = (ptrdiff_t)((size_t)s->channels * source->pitch);
  const int place = i / s->channels;
  double u[CVZ_WINOGRAD_MOST_POINTS];
  cvz_winograd_stride2_weights(u, element(source, 0, 0, i % s->channels, j), s->kernel[0], s->kernel[1],
                               s->kernel[1] * column, column, place / 2, place % 2);
  for (int e = 0; e < cvz_winograd_points(CVZ_WINOGRAD_STRIDE2_TILE); e++) to[(size_t)e * plane] = (float)u[e];
}

static void fill_stem(const cvz_block_source *source, int columns, float *to)
{
  const cvz_conv_sizes *s = &source->sizes;
  const int rows = 4 * s->channels;
  for (int first = 0; first < s->filters; first += block_width(columns, first, s->filters))
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < block_width(columns, first, s->filters); j++)
        stem_element(source, i, first + j, to++, (size_t)rows * (size_t)s->filters);
}

static void fill_scatter(const cvz_block_source *source, int columns, float *to)
{
  const cvz_conv_sizes *s = &source->sizes;
  for (int k = 0; k < s->filters; k++)
    for (int r = 0; r < s->kernel[0]; r++)
      for (int i = 0; i < columns; i++)
        *to++ = i < s->kernel[1] * s->channels ? *element(source, r, i / s->channels, i % s->channels, k) : 0.0f;
}

void cvz_blocks_fill(const cvz_graph *graph, const cvz_pack_request *request, const float *kernel, float *to)
{
  cvz_block_source source = {cvz_blocks_sizes(graph, &graph->nodes[request->node]), kernel, 0};
  source.pitch = (size_t)source.sizes.filters * (size_t)source.sizes.groups;
  if (request->kind == CVZ_PACK_STEM) fill_stem(&source, request->columns, to);
  if (request->kind == CVZ_PACK_SCATTER) fill_scatter(&source, request->columns, to);
  if (request->kind == CVZ_PACK_STEM || request->kind == CVZ_PACK_SCATTER) return;
  for (int group = 0; group < source.sizes.groups; group++, source.kernel += source.sizes.filters) {
    if (request->kind == CVZ_PACK_FORWARD)
      to = fill_forward(&source, request->columns, request->length, to);
    else if (request->kind == CVZ_PACK_BACKWARD)
      to = fill_backward(&source, request->columns, to);
    else
      to = fill_winograd(&source, request->columns, request->length, request->kind == CVZ_PACK_WINOGRAD_BACKWARD, to);
  }
}
