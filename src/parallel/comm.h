/* parallel/comm.h: the ranks of the job, and how they agree. */
#ifndef CVZ_PARALLEL_COMM_H
#define CVZ_PARALLEL_COMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/text.h"

/** All ranks, and those that share this rank's node. */
typedef struct cvz_comm cvz_comm;

/** Starts MPI; without mpirun there is one rank. Collective over all processes of the job. */
cvz_status cvz_comm_start(cvz_comm **comm, int *argc, char ***argv, cvz_error *error);

/** Ends MPI. Collective. Harmless on NULL. */
void cvz_comm_end(cvz_comm *comm);

/** Ends all ranks at once, for a rank that cannot go on and cannot reach the next collective. */
void cvz_comm_abort(cvz_comm *comm, int code);

int cvz_comm_rank(const cvz_comm *comm);
int cvz_comm_size(const cvz_comm *comm);

/** This rank's place among those of its node, how many there are, and how many nodes the job has. */
int cvz_comm_node_rank(const cvz_comm *comm);
int cvz_comm_node_size(const cvz_comm *comm);
int cvz_comm_nodes(const cvz_comm *comm);

/** Makes the first failure everybody's: if any rank comes with a status that is not CVZ_OK, all return the status and
 *  the error of the lowest such rank. Collective. */
cvz_status cvz_comm_agree(cvz_comm *comm, cvz_status status, cvz_error *error);

/** Gives every rank rank 0's text; the others' texts are appended to. Collective.
 *  @param status  of rank 0 (the others' are ignored); if it is not CVZ_OK all return it with rank 0's error */
cvz_status cvz_comm_share_text(cvz_comm *comm, cvz_text *text, cvz_status status, cvz_error *error);

/** Gives every rank rank 0's `bytes` bytes, in pieces, so that their number may pass 2^31. Collective. */
void cvz_comm_share_bytes(cvz_comm *comm, void *data, size_t bytes);

/** Gives every rank rank 0's array of floats, for which the others get room. Collective.
 *  @param[in,out] values  of rank 0 (count), of the others overwritten; free with free(), also after a failure
 *  @param         status  of rank 0, see cvz_comm_share_text */
cvz_status cvz_comm_share_floats(cvz_comm *comm, float **values, size_t count, cvz_status status, cvz_error *error);

/** The smallest value of all ranks. Collective. */
int cvz_comm_least(cvz_comm *comm, int value);

/** The smallest of all ranks in each of `count` places. Collective. */
void cvz_comm_least_each(cvz_comm *comm, int *values, int count);

/** The sum of all ranks. Collective. */
int cvz_comm_sum(cvz_comm *comm, int value);

/** Gives every rank the bytes of all ranks, one after the other, up to 2 GiB. Collective.
 *  @param[out] all  free with free() */
cvz_status cvz_comm_collect(cvz_comm *comm, const void *data, size_t bytes, void **all, size_t *all_bytes,
                            cvz_error *error);

/** "Open MPI v4.1.4, ..." */
const char *cvz_comm_library(void);

/** Host name of this rank. */
const char *cvz_comm_host(const cvz_comm *comm);

#endif
