/* Vectors of 128 bits, which every processor with vectors has; multiplication and addition apart. */
#define PEAK_LOOP                  cvz_peak_loop_portable
#define PEAK_FLOATS                4
#define PEAK_MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#include "kernel/peak.inc"
