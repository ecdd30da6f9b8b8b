#if defined(CVZ_HAVE_AMX)
#include "kernel/loops.h"
#include "kernel/tile_registers.h"

/* Products in bfloat16 on tiles, which lie in A as it was rounded and in the pairs of rows that cvz_bf16_pack makes: a
 * tile has 16 rows of 32 numbers of A, 16 pairs of rows by 16 columns of B, 16 x 16 sums of C, or what is left of
 * these. Two by two tiles of C stay in registers over all of the sum but its last, shorter chunks. */

#define COLUMNS CVZ_TILE_COLUMNS
#define LENGTH  CVZ_TILE_LENGTH
#define PAIR    2

static int least(int a, int b)
{
  return a < b ? a : b;
}

/* Two by two tiles of C, or fewer. */
typedef struct cvz_bf16_block {
  const cvz_bf16_call *call;
  int row, height[2];   /* of its tiles of rows; 0: there is no second one */
  int column, width[2]; /* of its tiles of columns */
  bool accumulate;
} cvz_bf16_block;

/* For `length` numbers of k. */
static void configure(const cvz_bf16_block *block, int length)
{
  cvz_tile_config config = {.palette = 1};
  for (int tile = 0; tile < 4; tile++)
    cvz_tile_set(&config, tile, block->height[tile / 2], block->width[tile % 2] * (int)sizeof(float));
  for (int i = 0; i < 2; i++) {
    cvz_tile_set(&config, 4 + i, block->height[i], length * (int)sizeof(uint16_t));
    cvz_tile_set(&config, 6 + i, length / PAIR, block->width[i] * (int)sizeof(float));
  }
  cvz_tile_configure(&config);
}

CVZ_ALWAYS_INLINE void add_chunk(const uint16_t *a, size_t a_row, size_t below, const uint16_t *b, size_t b_row,
                                 int rows, int columns)
{
  _tile_loadd(6, b, b_row);
  _tile_loadd(4, a, a_row);
  _tile_dpbf16ps(0, 4, 6);
  if (columns > 1) _tile_loadd(7, b + COLUMNS * PAIR, b_row);
  if (columns > 1) _tile_dpbf16ps(1, 4, 7);
  if (rows > 1) _tile_loadd(5, a + below, a_row);
  if (rows > 1) _tile_dpbf16ps(2, 5, 6);
  if (rows > 1 && columns > 1) _tile_dpbf16ps(3, 5, 7);
}

/* Chunks of `length` numbers of k from `from` to `to` of every term. */
CVZ_ALWAYS_INLINE void add_chunks(const cvz_bf16_block *block, int from, int to, int length, int rows, int columns)
{
  const cvz_bf16_call *call = block->call;
  const size_t a_row = call->lda * sizeof(uint16_t), b_row = (size_t)call->n * PAIR * sizeof(uint16_t);
  const size_t below = (size_t)block->height[0] * call->lda;
  for (int term = 0; term < call->terms; term++) {
    const uint16_t *a = call->a[term] + (size_t)block->row * call->lda;
    const uint16_t *b = call->packed + (size_t)term * (size_t)call->k * (size_t)call->n + block->column * PAIR;
    for (int k = from; k < to; k += length)
      add_chunk(a + k, a_row, below, b + (size_t)k * (size_t)call->n, b_row, rows, columns);
  }
}

CVZ_ALWAYS_INLINE void multiply_tiles(const cvz_bf16_block *block, int from, int to, int length, int rows, int columns)
{
  const cvz_bf16_call *call = block->call;
  const size_t below = (size_t)block->height[0] * call->ldc;
  float *c = call->c + (size_t)block->row * call->ldc + block->column;
  if (block->accumulate)
    cvz_tile_load_c(c, call->ldc, below, rows, columns);
  else
    cvz_tile_clear_c();
  add_chunks(block, from, to, length, rows, columns);
  cvz_tile_store_c(c, call->ldc, below, rows, columns);
}

static void multiply_part(const cvz_bf16_block *block, int from, int to, int length)
{
  const bool rows = block->height[1] > 0, columns = block->width[1] > 0;
  if (rows && columns)
    multiply_tiles(block, from, to, length, 2, 2);
  else if (rows)
    multiply_tiles(block, from, to, length, 2, 1);
  else if (columns)
    multiply_tiles(block, from, to, length, 1, 2);
  else
    multiply_tiles(block, from, to, length, 1, 1);
}

/* All rows of a block of columns: whole chunks, or the last ones. */
static void multiply_columns(cvz_bf16_block *block, int from, int to, int length)
{
  const int m = block->call->m;
  int configured = 0;
  block->row = 0;
  for (int part = 0, rows; part < cvz_tile_parts(m); part++, block->row += rows) {
    rows = cvz_tile_part_rows(m, part);
    cvz_tile_heights(rows, block->height);
    if (rows != configured) configure(block, length);
    configured = rows;
    multiply_part(block, from, to, length);
  }
}

void cvz_tiles_multiply_bf16(const cvz_bf16_call *call)
{
  const int whole = call->k / LENGTH * LENGTH, rest = call->k - whole;
  for (int column = 0; column < call->n; column += 2 * COLUMNS) {
    const int columns = least(2 * COLUMNS, call->n - column), first = least(COLUMNS, columns);
    cvz_bf16_block block = {.call = call, .column = column, .width = {first, columns - first}};
    block.accumulate = call->accumulate;
    if (whole) multiply_columns(&block, 0, whole, LENGTH);
    block.accumulate = call->accumulate || whole;
    if (rest) multiply_columns(&block, whole, call->k, rest);
  }
  _tile_release();
}
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
