#if defined(CVZ_HAVE_AMX)
#include <string.h>

#include "kernel/loops.h"
#include "kernel/tile_registers.h"

/* A tile has 16 rows of 64 bytes: 32 numbers of A, 16 pairs of B, the first row's in the lower half, 16 sums of C. Two
 * by two tiles of C stay in registers over a panel, some chunks of 32 numbers of k. A's pieces are cut off, which is
 * faster, and B's are rounded, so that what is left out has either sign. */

#define ROWS    CVZ_TILE_ROWS
#define COLUMNS CVZ_TILE_COLUMNS
#define LENGTH  CVZ_TILE_LENGTH
#define TILE    (ROWS * LENGTH)
#define PIECES  3
#define BLOCK   (2 * COLUMNS) /* columns whose sums are in registers together */
#define PANEL   4             /* chunks: A's pieces stay in the first-level cache while B goes by */
#define GROUP   (640 * 1024)  /* bytes of B that stay in the second-level cache while A goes by */

static int parts_of(int length, int part)
{
  return (length + part - 1) / part;
}

static int least(int a, int b)
{
  return a < b ? a : b;
}

/* Numbers of bfloat16 of so many tiles' pieces. */
static size_t pieces_of(int tiles, int chunks)
{
  return (size_t)tiles * (size_t)chunks * PIECES * TILE;
}

/* The first `count` of 16 lanes. */
CVZ_ALWAYS_INLINE __mmask16 lanes(int count)
{
  return count >= COLUMNS ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

/* The first 8 bits of numbers, cut off or rounded, ties away from 0. */
CVZ_ALWAYS_INLINE __m512i first_bits(__m512 x, bool rounds)
{
  const __m512i half = _mm512_set1_epi32(0x8000), upper = _mm512_set1_epi32((int)0xffff0000);
  const __m512i bits = _mm512_castps_si512(x);
  return _mm512_and_si512(rounds ? _mm512_add_epi32(bits, half) : bits, upper);
}

/* The upper halves of `indices` of two vectors, piece by piece; after two pieces 8 bits are left. */
CVZ_ALWAYS_INLINE void store_pieces(uint16_t *to, size_t next, __m512 x, __m512 y, __m512i indices, bool rounds)
{
  for (int piece = 0; piece < PIECES - 1; piece++, to += next) {
    const __m512i a = first_bits(x, rounds), b = first_bits(y, rounds);
    _mm512_store_si512(to, _mm512_permutex2var_epi16(a, indices, b));
    x = _mm512_sub_ps(x, _mm512_castsi512_ps(a));
    y = _mm512_sub_ps(y, _mm512_castsi512_ps(b));
  }
  _mm512_store_si512(to, _mm512_permutex2var_epi16(_mm512_castps_si512(x), indices, _mm512_castps_si512(y)));
}

/* `length` numbers of a row of A, and zeros, into the same row of three tiles. */
CVZ_ALWAYS_INLINE void split_row(uint16_t *to, const float *x, int length)
{
  const __m512i one_after_another = _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31,
                                                     29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  if (length >= LENGTH)
    store_pieces(to, TILE, _mm512_loadu_ps(x), _mm512_loadu_ps(x + LENGTH / 2), one_after_another, false);
  else
    store_pieces(to, TILE, _mm512_maskz_loadu_ps(lanes(length), x),
                 _mm512_maskz_loadu_ps(lanes(length - LENGTH / 2), x + LENGTH / 2), one_after_another, false);
}

static size_t packed_floats(int k, int n)
{
  return pieces_of(parts_of(n, COLUMNS), parts_of(k, LENGTH)) * sizeof(uint16_t) / sizeof(float);
}

/* Numbers before a block of columns of the panel that begins with chunk `first`. */
static size_t block_offset(int n, int first, int chunks, int column)
{
  return pieces_of(parts_of(n, COLUMNS), first) + pieces_of(column / COLUMNS, chunks);
}

/* A chunk's rows of one tile of columns, zeros around; the pieces are `next` numbers apart. */
static void pack_tile(uint16_t *to, size_t next, const float *b, int rows, int columns, size_t row)
{
  const __m512i in_turns = _mm512_set_epi16(63, 31, 61, 29, 59, 27, 57, 25, 55, 23, 53, 21, 51, 19, 49, 17, 47, 15, 45,
                                            13, 43, 11, 41, 9, 39, 7, 37, 5, 35, 3, 33, 1);
  const __mmask16 there = lanes(columns);
  for (int r = 0; r < LENGTH; r += 2, to += LENGTH) {
    const float *even = b + (size_t)r * row;
    store_pieces(to, next, _mm512_maskz_loadu_ps(r < rows ? there : 0, even),
                 _mm512_maskz_loadu_ps(r + 1 < rows ? there : 0, even + row), in_turns, true);
  }
}

/* A block of columns of a panel: (chunk, piece, tile). `b` is its first number, of rows of n. */
static void pack_block(uint16_t *to, const float *b, int rows, int n, int columns, int chunks)
{
  const int tiles = parts_of(least(columns, BLOCK), COLUMNS);
  for (int i = 0; i < chunks; i++, to += pieces_of(tiles, 1))
    for (int tile = 0; tile < tiles; tile++)
      pack_tile(to + tile * TILE, (size_t)(tiles * TILE), b + (size_t)(i * LENGTH) * (size_t)n + tile * COLUMNS,
                rows - i * LENGTH, columns - tile * COLUMNS, (size_t)n);
}

/* (panel, block of columns, chunk, piece, tile), which is the order in which products read them. */
static void pack(float *to, const float *b, int k, int n)
{
  const int all = parts_of(k, LENGTH);
  for (int first = 0; first < all; first += PANEL) {
    const int chunks = least(PANEL, all - first), row = first * LENGTH;
    for (int column = 0; column < n; column += BLOCK)
      pack_block((uint16_t *)(void *)to + block_offset(n, first, chunks, column), b + (size_t)row * (size_t)n + column,
                 k - row, n, n - column, chunks);
  }
}

/* One or two tiles of rows of C, of `height` each, and some chunks of k. */
typedef struct cvz_tiles_panel {
  const cvz_tiles_call *call;
  int row, height[2]; /* 0: there is one tile only */
  int first, chunks;
  bool accumulate;
} cvz_tiles_panel;

/* (tile, chunk, piece) */
static void split(uint16_t *pieces, const cvz_tiles_panel *panel)
{
  const cvz_tiles_call *call = panel->call;
  const int start = panel->first * LENGTH;
  const float *from = call->a + (size_t)panel->row * call->lda + start;
  for (int tile = 0; tile < 2; tile++, pieces += pieces_of(1, panel->chunks))
    for (int row = 0; row < panel->height[tile]; row++, from += call->lda)
      for (int i = 0; i < panel->chunks; i++)
        split_row(pieces + pieces_of(1, i) + row * LENGTH, from + i * LENGTH, call->k - start - i * LENGTH);
}

/* One or two tiles of rows by one or two of columns. */
typedef struct cvz_tiles_block {
  const uint16_t *a, *b;
  int chunks, height;
  float *c;
  size_t ldc;
  bool accumulate;
} cvz_tiles_block;

CVZ_ALWAYS_INLINE void load_a(const uint16_t *a, size_t next, int rows)
{
  _tile_loadd(4, a, CVZ_TILE_BYTES);
  if (rows > 1) _tile_loadd(5, a + next, CVZ_TILE_BYTES);
}

CVZ_ALWAYS_INLINE void load_b(const uint16_t *b, int columns)
{
  _tile_loadd(6, b, CVZ_TILE_BYTES);
  if (columns > 1) _tile_loadd(7, b + TILE, CVZ_TILE_BYTES);
}

CVZ_ALWAYS_INLINE void add_products(int rows, int columns)
{
  _tile_dpbf16ps(0, 4, 6);
  if (columns > 1) _tile_dpbf16ps(1, 4, 7);
  if (rows > 1) _tile_dpbf16ps(2, 5, 6);
  if (rows > 1 && columns > 1) _tile_dpbf16ps(3, 5, 7);
}

/* The small products first; each piece of A and B is loaded as seldom as four registers allow. */
CVZ_ALWAYS_INLINE void multiply_chunk(const uint16_t *a, size_t next, const uint16_t *b, int rows, int columns)
{
  const size_t piece = (size_t)(columns * TILE);
  load_b(b, columns);
  load_a(a + 2 * TILE, next, rows);
  add_products(rows, columns);
  load_a(a + TILE, next, rows);
  add_products(rows, columns);
  load_b(b + piece, columns);
  add_products(rows, columns);
  load_a(a, next, rows);
  add_products(rows, columns);
  load_b(b + 2 * piece, columns);
  add_products(rows, columns);
  load_b(b, columns);
  add_products(rows, columns);
}

CVZ_ALWAYS_INLINE void multiply_tiles(const cvz_tiles_block *block, int rows, int columns)
{
  const size_t next = pieces_of(1, block->chunks), below = (size_t)block->height * block->ldc;
  const uint16_t *a = block->a, *b = block->b;
  if (block->accumulate)
    cvz_tile_load_c(block->c, block->ldc, below, rows, columns);
  else
    cvz_tile_clear_c();
  for (int chunk = 0; chunk < block->chunks; chunk++, a += pieces_of(1, 1), b += pieces_of(columns, 1))
    multiply_chunk(a, next, b, rows, columns);
  cvz_tile_store_c(block->c, block->ldc, below, rows, columns);
}

static void multiply_block(const cvz_tiles_block *block, int rows, int columns)
{
  if (rows > 1 && columns > 1)
    multiply_tiles(block, 2, 2);
  else if (rows > 1)
    multiply_tiles(block, 2, 1);
  else if (columns > 1)
    multiply_tiles(block, 1, 2);
  else
    multiply_tiles(block, 1, 1);
}

static void copy_part(float *to, size_t to_row, const float *from, size_t from_row, int rows, int columns)
{
  for (int i = 0; i < rows; i++)
    memcpy(to + (size_t)i * to_row, from + (size_t)i * from_row, (size_t)columns * sizeof *to);
}

/* Where the last tile of columns reaches beyond C. */
static void multiply_edge(const cvz_tiles_block *block, const int height[2], int columns)
{
  const int rows = height[0] + height[1];
  float part[2 * ROWS * BLOCK];
  cvz_tiles_block inner = *block;
  inner.c = part;
  inner.ldc = BLOCK;
  if (block->accumulate) copy_part(part, BLOCK, block->c, block->ldc, rows, columns);
  CVZ_TILES_WRITTEN();
  multiply_block(&inner, height[1] ? 2 : 1, parts_of(columns, COLUMNS));
  copy_part(block->c, block->ldc, part, BLOCK, rows, columns);
}

static void multiply_columns(const cvz_tiles_panel *panel, const uint16_t *pieces, int column)
{
  const cvz_tiles_call *call = panel->call;
  const int columns = least(BLOCK, call->n - column);
  const cvz_tiles_block block = {.a = pieces,
                                 .b = (const uint16_t *)(const void *)call->packed +
                                      block_offset(call->n, panel->first, panel->chunks, column),
                                 .chunks = panel->chunks,
                                 .height = panel->height[0],
                                 .c = call->c + (size_t)panel->row * call->ldc + column,
                                 .ldc = call->ldc,
                                 .accumulate = panel->accumulate};
  if (columns % COLUMNS)
    multiply_edge(&block, panel->height, columns);
  else
    multiply_block(&block, panel->height[1] ? 2 : 1, columns / COLUMNS);
}

static void configure(const int height[2])
{
  cvz_tile_config config = {.palette = 1};
  for (int tile = 0; tile < 4; tile++) cvz_tile_set(&config, tile, height[tile / 2], 0);
  for (int i = 0; i < 2; i++) {
    cvz_tile_set(&config, 4 + i, height[i], 0);
    cvz_tile_set(&config, 6 + i, ROWS, 0);
  }
  cvz_tile_configure(&config);
}

/* Columns from .. to - 1 of some rows. */
static void multiply_rows(cvz_tiles_panel panel, int from, int to)
{
  const int all = parts_of(panel.call->k, LENGTH);
  _Alignas(64) uint16_t pieces[2 * PANEL * PIECES * TILE];
  for (panel.first = 0; panel.first < all; panel.first += PANEL) {
    panel.chunks = least(PANEL, all - panel.first);
    split(pieces, &panel);
    CVZ_TILES_WRITTEN();
    for (int column = from; column < to; column += BLOCK) multiply_columns(&panel, pieces, column);
    panel.accumulate = true;
  }
}

static void multiply_group(const cvz_tiles_call *call, int from, int to)
{
  cvz_tiles_panel panel = {.call = call, .accumulate = call->accumulate};
  int configured = 0;
  for (int part = 0, rows; part < cvz_tile_parts(call->m); part++, panel.row += rows) {
    rows = cvz_tile_part_rows(call->m, part);
    cvz_tile_heights(rows, panel.height);
    if (rows != configured) configure(panel.height);
    configured = rows;
    multiply_rows(panel, from, to);
  }
}

static int columns_of_group(int k)
{
  const int blocks = (int)(GROUP / (packed_floats(k, BLOCK) * sizeof(float)));
  return (blocks ? blocks : 1) * BLOCK;
}

static void multiply(const cvz_tiles_call *call)
{
  const int most = columns_of_group(call->k);
  for (int from = 0; from < call->n; from += most) multiply_group(call, from, least(from + most, call->n));
  _tile_release();
}

const cvz_tiles cvz_loops_tiles = {.pack = pack, .packed_floats = packed_floats, .multiply = multiply};
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
