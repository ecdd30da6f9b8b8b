#include "kernel/sparse.h"

void cvz_sparse_pack(float *packed, const float *w, int channels, int columns, size_t row, size_t column, int block)
{
  for (int first = 0; first < columns; first += block) {
    const int end = columns - first < block ? columns : first + block;
    for (int c = 0; c < channels; c++)
      for (int k = first; k < end; k++) *packed++ = w[(size_t)c * row + (size_t)k * column];
  }
}
