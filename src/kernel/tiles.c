#include "kernel/tiles.h"

#include "kernel/loops.h"

const cvz_tiles *cvz_tiles_of(cvz_isa isa)
{
#if defined(CVZ_HAVE_AMX)
  if (isa == CVZ_ISA_AMX) return &cvz_loops_tiles;
#endif
  (void)isa;
  return NULL;
}
