/* parallel/mpi_comm.h: the communicators themselves, for the files of parallel/ only. */
#ifndef CVZ_PARALLEL_MPI_COMM_H
#define CVZ_PARALLEL_MPI_COMM_H

#include <mpi.h>

#include "parallel/comm.h"

struct cvz_comm {
  MPI_Comm world;
  MPI_Comm node;    /**< the ranks that share memory with this one */
  MPI_Comm leaders; /**< the first rank of each node; MPI_COMM_NULL on the others */
  int rank, size, node_rank, node_size, nodes;
  char host[MPI_MAX_PROCESSOR_NAME];
  size_t promised; /**< bytes of shared memory that this node's ranks will use, see window.c */
};

#define CVZ_PIECE_BYTES ((size_t)256 << 20) /**< of one broadcast */
#define CVZ_MPI_BYTES   ((size_t)4 << 20) /**< shared memory in which MPI passes a rank's messages (Open MPI's vader) */

/** Broadcast of any number of bytes from rank 0 of `comm`, at most `piece` (below 2^31) at a time. */
void cvz_mpi_broadcast(MPI_Comm comm, void *data, size_t bytes, size_t piece);

#endif
