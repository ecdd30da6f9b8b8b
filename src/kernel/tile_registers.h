/* kernel/tile_registers.h: the eight tile registers of AMX as all products use them: tiles 0 to 3 are two by two tiles
 * of sums of C, 4 and 5 two tiles of rows of A, 6 and 7 two tiles of columns of B. For files compiled for AMX only. */
#ifndef CVZ_KERNEL_TILE_REGISTERS_H
#define CVZ_KERNEL_TILE_REGISTERS_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define CVZ_TILE_ROWS    16 /* of C, A and B */
#define CVZ_TILE_COLUMNS 16 /* of C; of B, where each has two numbers of k */
#define CVZ_TILE_LENGTH  32 /* numbers of k */
#define CVZ_TILE_BYTES   64 /* of a row */

#define CVZ_ALWAYS_INLINE static inline __attribute__((always_inline))

/** GCC's intrinsics do not tell that tiles and their configuration are read from memory: what was written before must
 * be there. */
#define CVZ_TILES_WRITTEN() __asm__ volatile("" ::: "memory")

/** Operand of LDTILECFG (Intel's manual, volume 1, 18.2). */
typedef struct cvz_tile_config {
  uint8_t palette, start, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} cvz_tile_config;

/** Sets the size of a register; 0 of either: it is not used, and as large as can be. */
static inline void cvz_tile_set(cvz_tile_config *config, int tile, int rows, int bytes)
{
  config->rows[tile] = (uint8_t)(rows ? rows : CVZ_TILE_ROWS);
  config->row_bytes[tile] = (uint16_t)(bytes ? bytes : CVZ_TILE_BYTES);
}

static inline void cvz_tile_configure(const cvz_tile_config *config)
{
  CVZ_TILES_WRITTEN();
  _tile_loadconfig(config);
}

/** A product takes as long as its tiles are high: m rows are in parts of one or two tiles, all about as high. */
static inline int cvz_tile_parts(int m)
{
  return (m + 2 * CVZ_TILE_ROWS - 1) / (2 * CVZ_TILE_ROWS);
}

static inline int cvz_tile_part_rows(int m, int part)
{
  const int parts = cvz_tile_parts(m);
  return m / parts + (part < m % parts);
}

/** Of a part's tiles; 0: it has one only. */
static inline void cvz_tile_heights(int rows, int height[2])
{
  height[0] = rows > CVZ_TILE_ROWS ? (rows + 1) / 2 : rows;
  height[1] = rows - height[0];
}

/** One or two tiles of rows by one or two of columns of C; `below` is the second tile's distance in floats. */
CVZ_ALWAYS_INLINE void cvz_tile_load_c(const float *c, size_t ldc, size_t below, int rows, int columns)
{
  const size_t stride = ldc * sizeof(float);
  _tile_loadd(0, c, stride);
  if (columns > 1) _tile_loadd(1, c + CVZ_TILE_COLUMNS, stride);
  if (rows > 1) _tile_loadd(2, c + below, stride);
  if (rows > 1 && columns > 1) _tile_loadd(3, c + below + CVZ_TILE_COLUMNS, stride);
}

CVZ_ALWAYS_INLINE void cvz_tile_store_c(float *c, size_t ldc, size_t below, int rows, int columns)
{
  const size_t stride = ldc * sizeof(float);
  _tile_stored(0, c, stride);
  if (columns > 1) _tile_stored(1, c + CVZ_TILE_COLUMNS, stride);
  if (rows > 1) _tile_stored(2, c + below, stride);
  if (rows > 1 && columns > 1) _tile_stored(3, c + below + CVZ_TILE_COLUMNS, stride);
}

CVZ_ALWAYS_INLINE void cvz_tile_clear_c(void)
{
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

#endif
