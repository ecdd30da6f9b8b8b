/* kernel/sparse.h: the layout of weights for the products that skip zeros (sparse_multiply in kernel/kernels.h). */
#ifndef CVZ_KERNEL_SPARSE_H
#define CVZ_KERNEL_SPARSE_H

#include <stddef.h>

/** Writes W (channels, columns) as blocks of `block` columns one after another, the last may be narrower; each block is
 *  (channels, its columns) dense. Block b begins at packed + b * block * channels.
 *
 *  @param packed channels * columns floats
 *  @param w      W[c][k] is w[c * row + k * column]
 *  @param block  sparse_columns of the table that multiplies */
void cvz_sparse_pack(float *packed, const float *w, int channels, int columns, size_t row, size_t column, int block);

#endif
