/* app/source.h: the network of a job: its file, which rank 0 alone reads, and the graph that all ranks make of it. */
#ifndef CVZ_APP_SOURCE_H
#define CVZ_APP_SOURCE_H

#include "graph/graph.h"
#include "job/options.h"
#include "model/keras.h"
#include "parallel/comm.h"

/** Zero-initialise; free with cvz_source_free. */
typedef struct cvz_source {
  cvz_keras_file *file; /**< rank 0; NULL where --arch has no weights */
  cvz_graph graph;
  uint64_t hash; /**< of the file, once cvz_source_hash has been called */
} cvz_source;

/** Rank 0 opens the file; all build the same graph from its description. An architecture without weights will do, for
 *  looks at it. Collective. */
cvz_status cvz_source_open(cvz_source *source, cvz_comm *comm, const cvz_options *options, cvz_error *error);

/** The checksum by which results tell of which file they are. Collective. */
cvz_status cvz_source_hash(cvz_source *source, cvz_comm *comm, const cvz_options *options, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_source_free(cvz_source *source);

#endif
