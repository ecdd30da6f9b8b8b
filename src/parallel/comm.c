#include "parallel/comm.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "parallel/mpi_comm.h"

static void split(cvz_comm *comm)
{
  comm->world = MPI_COMM_WORLD;
  MPI_Comm_rank(comm->world, &comm->rank);
  MPI_Comm_size(comm->world, &comm->size);
  MPI_Comm_split_type(comm->world, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &comm->node);
  MPI_Comm_rank(comm->node, &comm->node_rank);
  MPI_Comm_size(comm->node, &comm->node_size);
  comm->promised = (size_t)comm->node_size * CVZ_MPI_BYTES;
  MPI_Comm_split(comm->world, comm->node_rank == 0 ? 0 : MPI_UNDEFINED, comm->rank, &comm->leaders);
  if (comm->leaders != MPI_COMM_NULL) MPI_Comm_size(comm->leaders, &comm->nodes);
  MPI_Bcast(&comm->nodes, 1, MPI_INT, 0, comm->node);
  int length;
  MPI_Get_processor_name(comm->host, &length);
}

cvz_status cvz_comm_start(cvz_comm **comm, int *argc, char ***argv, cvz_error *error)
{
  CVZ_REQUIRE(MPI_Init(argc, argv) == MPI_SUCCESS, error, CVZ_E_IO, "MPI: could not start");
  cvz_comm *created = cvz_array(1, sizeof *created, error);
  if (!created) MPI_Abort(MPI_COMM_WORLD, 1);
  split(created);
  *comm = created;
  return CVZ_OK;
}

void cvz_comm_end(cvz_comm *comm)
{
  if (!comm) return;
  if (comm->leaders != MPI_COMM_NULL) MPI_Comm_free(&comm->leaders);
  MPI_Comm_free(&comm->node);
  MPI_Finalize();
  free(comm);
}

void cvz_comm_abort(cvz_comm *comm, int code)
{
  MPI_Abort(comm->world, code);
}

int cvz_comm_rank(const cvz_comm *comm)
{
  return comm->rank;
}

int cvz_comm_size(const cvz_comm *comm)
{
  return comm->size;
}

int cvz_comm_node_rank(const cvz_comm *comm)
{
  return comm->node_rank;
}

int cvz_comm_node_size(const cvz_comm *comm)
{
  return comm->node_size;
}

int cvz_comm_nodes(const cvz_comm *comm)
{
  return comm->nodes;
}

const char *cvz_comm_host(const cvz_comm *comm)
{
  return comm->host;
}

cvz_status cvz_comm_agree(cvz_comm *comm, cvz_status status, cvz_error *error)
{
  int first = status == CVZ_OK ? INT_MAX : comm->rank;
  MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm->world);
  if (first == INT_MAX) return CVZ_OK;
  cvz_error shared = {.status = status};
  if (comm->rank == first && error) shared = *error;
  MPI_Bcast(&shared, sizeof shared, MPI_BYTE, first, comm->world);
  if (error) *error = shared;
  return shared.status;
}

void cvz_mpi_broadcast(MPI_Comm comm, void *data, size_t bytes, size_t piece)
{
  for (size_t done = 0; done < bytes;) {
    const size_t next = bytes - done < piece ? bytes - done : piece;
    MPI_Bcast((char *)data + done, (int)next, MPI_BYTE, 0, comm);
    done += next;
  }
}

void cvz_comm_share_bytes(cvz_comm *comm, void *data, size_t bytes)
{
  cvz_mpi_broadcast(comm->world, data, bytes, CVZ_PIECE_BYTES);
}

cvz_status cvz_comm_share_text(cvz_comm *comm, cvz_text *text, cvz_status status, cvz_error *error)
{
  if (comm->rank) status = CVZ_OK;
  if (status == CVZ_OK && comm->rank == 0) status = cvz_text_check(text, error);
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  unsigned long long length = text->length;
  MPI_Bcast(&length, 1, MPI_UNSIGNED_LONG_LONG, 0, comm->world);
  char *bytes = comm->rank ? malloc(length + 1) : text->data;
  status =
      bytes || !length ? CVZ_OK : cvz_fail(error, CVZ_E_MEMORY, "memory: no room for a text of %llu bytes", length);
  status = cvz_comm_agree(comm, status, error);
  if (status == CVZ_OK) cvz_mpi_broadcast(comm->world, bytes, length, CVZ_PIECE_BYTES);
  if (comm->rank == 0) return status;
  if (status == CVZ_OK) cvz_text_add_bytes(text, bytes, length);
  free(bytes);
  return status;
}

cvz_status cvz_comm_share_floats(cvz_comm *comm, float **values, size_t count, cvz_status status, cvz_error *error)
{
  if (comm->rank) {
    *values = cvz_array(count, sizeof **values, error);
    status = *values ? CVZ_OK : CVZ_E_MEMORY;
  }
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  cvz_comm_share_bytes(comm, *values, count * sizeof **values);
  return CVZ_OK;
}

int cvz_comm_least(cvz_comm *comm, int value)
{
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MIN, comm->world);
  return value;
}

void cvz_comm_least_each(cvz_comm *comm, int *values, int count)
{
  MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_INT, MPI_MIN, comm->world);
}

int cvz_comm_sum(cvz_comm *comm, int value)
{
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_SUM, comm->world);
  return value;
}

/* Counts and places of MPI_Allgatherv are ints; a rank with more than that has said -1. */
static bool places(const int *counts, int ranks, int *starts, size_t *sum)
{
  *sum = 0;
  for (int i = 0; i < ranks; i++) {
    starts[i] = (int)*sum;
    if (counts[i] < 0 || *sum + (size_t)counts[i] > INT_MAX) return false;
    *sum += (size_t)counts[i];
  }
  return true;
}

cvz_status cvz_comm_collect(cvz_comm *comm, const void *data, size_t bytes, void **all, size_t *all_bytes,
                            cvz_error *error)
{
  const int mine = bytes <= INT_MAX ? (int)bytes : -1;
  int *counts = cvz_array((size_t)comm->size, sizeof *counts, error);
  int *starts = cvz_array((size_t)comm->size, sizeof *starts, error);
  cvz_status status = cvz_comm_agree(comm, counts && starts ? CVZ_OK : CVZ_E_MEMORY, error);
  if (status != CVZ_OK) goto done;
  MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, comm->world);
  CVZ_REQUIRE_GOTO(places(counts, comm->size, starts, all_bytes), done, error, CVZ_E_RANGE,
                   "ranks: more than %d bytes to collect", INT_MAX);
  *all = cvz_array(*all_bytes, 1, error);
  CVZ_TRY_GOTO(cvz_comm_agree(comm, *all ? CVZ_OK : CVZ_E_MEMORY, error), done);
  MPI_Allgatherv(data, mine, MPI_BYTE, *all, counts, starts, MPI_BYTE, comm->world);
done:
  free(starts);
  free(counts);
  return status;
}

const char *cvz_comm_library(void)
{
  static char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(version, &length);
  version[strcspn(version, "\n")] = 0;
  return version;
}
