/* api/handles.h: what is behind the handles of convviz/convviz.h. Inside api/ only. */
#ifndef CVZ_API_HANDLES_H
#define CVZ_API_HANDLES_H

#include "ascent/ascent.h"
#include "base/memory.h"
#include "convviz/convviz.h"
#include "job/work.h"

struct cvz_network {
  cvz_graph graph;
  cvz_block values; /* of all weights */
  const cvz_kernels *kernels;
  const cvz_gemm *gemm;
};

/** A plan with its weights and memory; zero: not made yet. */
typedef struct cvz_engine {
  cvz_packs *packs;
  cvz_plan *plan, *redirected_plan; /* with redirected ReLUs; NULL: not wanted */
  cvz_run *run, *redirected;        /* in one arena */
  cvz_block packed, arena;
} cvz_engine;

struct cvz_target {
  const cvz_network *network;
  cvz_options options;
  cvz_work work;      /* one layer */
  cvz_shape output;   /* of that layer for an image of the size of the options */
  cvz_engine answers; /* whole map, all filters, the image's size */
  cvz_engine climbs;  /* as convviz-mpi plans it */
};

/** The part of a target that answers images, made when first asked for. */
cvz_status cvz_target_answers(cvz_target *target, cvz_error *error);

/** The part that climbs. */
cvz_status cvz_target_climbs(cvz_target *target, cvz_error *error);

/** CVZ_E_RANGE for a filter that the layer does not have. */
cvz_status cvz_target_check(const cvz_target *target, int filter, cvz_error *error);

#endif
