/* bench/network.h: a network that is ready to climb one layer. */
#ifndef CVZ_BENCH_NETWORK_H
#define CVZ_BENCH_NETWORK_H

#include "ascent/ascent.h"
#include "base/memory.h"
#include "bench/machine.h"
#include "model/keras.h"

typedef struct cvz_bench_network {
  cvz_keras_file *file; /**< NULL if the weights are random */
  cvz_graph graph;
  const char *layer; /**< of the graph */
  cvz_ascent_recipe recipe;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_workspace workspace;
  cvz_block values, packed, arena;
} cvz_bench_network;

/** Reads or makes up the network of the options and plans its layer for their recipe, of a vector that ends in a
 *  softmax or a sigmoid what is before it. Free it after a failure, too. */
cvz_status cvz_bench_network_create(cvz_bench_network *network, const cvz_bench_options *options,
                                    const cvz_bench_machine *machine, cvz_error *error);

/** Reads or makes up the network alone: `file` and `graph`. Free as above. */
cvz_status cvz_bench_network_build(cvz_bench_network *network, const cvz_bench_options *options, cvz_error *error);

/** Fills the packs that plans have registered. */
cvz_status cvz_bench_network_pack(cvz_bench_network *network, cvz_error *error);

void cvz_bench_network_free(cvz_bench_network *network);

/** Starts a unit of that filter; `loss` as in cvz_ascent_begin. */
void cvz_bench_network_begin(cvz_bench_network *network, cvz_ascent *ascent, int filter, int repeat, float *loss);

#endif
