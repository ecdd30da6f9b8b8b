/* parallel/window.h: memory that the ranks of a node share, for what exists once per node. */
#ifndef CVZ_PARALLEL_WINDOW_H
#define CVZ_PARALLEL_WINDOW_H

#include "base/log.h"
#include "base/memory.h"
#include "parallel/comm.h"

typedef struct cvz_window_memory cvz_window_memory;

/** Shared memory of `bytes` bytes on every node (MPI_Win_allocate_shared), zeroed. With one rank on the node, or if the
 *  node's shared memory has no room (then with a warning), each rank has a private copy. Collective over all ranks.
 *  @param log  gets the warning; may be NULL */
cvz_status cvz_window_create(cvz_window_memory **window, cvz_comm *comm, size_t bytes, const cvz_log *log,
                             cvz_error *error);

/** Collective. Harmless on NULL. */
void cvz_window_free(cvz_window_memory *window);

/** 64-byte aligned. */
void *cvz_window_data(const cvz_window_memory *window);

/** Which part of how many this rank fills: its place among the ranks that share the memory. */
int cvz_window_part(const cvz_window_memory *window);
int cvz_window_parts(const cvz_window_memory *window);

/** Gives every node what rank 0's memory holds. Collective. */
void cvz_window_share(cvz_window_memory *window);

/** After it, all ranks of the node see what each has written. Collective over the node. */
void cvz_window_sync(cvz_window_memory *window);

#endif
