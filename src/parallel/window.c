#include "parallel/window.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "parallel/mpi_comm.h"

struct cvz_window_memory {
  cvz_comm *comm;
  size_t bytes;
  void *data;
  bool once;         /* per node: the leaders share it; else every rank has a copy */
  bool shared;       /* several ranks of this node see it */
  MPI_Win window;    /* if shared */
  cvz_block private; /* if not */
};

/* What keeps weights out of shared memory, the worse the lower. */
typedef enum obstacle { NO_SPACE, FILE_SIZE_LIMIT, NO_OBSTACLE } obstacle;

/* Open MPI and MPICH put shared segments in files below /dev/shm, which take space when they are written, not when they
 * are made: `promised` bytes of the free ones are spoken for. Unknown counts as enough. */
static obstacle find_obstacle(size_t bytes, size_t promised)
{
  struct statvfs file_system;
  struct rlimit limit;
  if (!statvfs("/dev/shm", &file_system)) {
    const unsigned long long room = (unsigned long long)file_system.f_bavail * file_system.f_frsize;
    if (bytes + promised >= room - room / 16) return NO_SPACE;
  }
  if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
      bytes > limit.rlim_cur - limit.rlim_cur / 16)
    return FILE_SIZE_LIMIT;
  return NO_OBSTACLE;
}

/* The same answer on all ranks of the job, so that later collectives match. */
static bool can_share(cvz_comm *comm, size_t bytes, const cvz_log *log)
{
  static const char *const reasons[] = {"/dev/shm has no room", "the limit of file size (ulimit -f) leaves no room"};
  const int found =
      cvz_comm_least(comm, comm->node_size == 1 ? NO_OBSTACLE : (int)find_obstacle(bytes, comm->promised));
  if (found == NO_OBSTACLE) return true;
  cvz_warn(log, "shared memory: %s for %zu MB of weights, every rank keeps its own copy", reasons[found], bytes >> 20);
  return false;
}

static void *open_shared(cvz_window_memory *window)
{
  cvz_comm *comm = window->comm;
  void *own, *base;
  MPI_Aint size;
  int unit;
  const MPI_Aint bytes = comm->node_rank == 0 ? (MPI_Aint)(window->bytes + CVZ_ALIGNMENT) : 0;
  MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, comm->node, &own, &window->window);
  MPI_Win_shared_query(window->window, 0, &size, &unit, &base);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window->window);
  const size_t past = (uintptr_t)base % CVZ_ALIGNMENT;
  return (char *)base + (past ? CVZ_ALIGNMENT - past : 0);
}

cvz_status cvz_window_create(cvz_window_memory **window, cvz_comm *comm, size_t bytes, const cvz_log *log,
                             cvz_error *error)
{
  cvz_window_memory *created = cvz_array(1, sizeof *created, error);
  CVZ_TRY(cvz_comm_agree(comm, created ? CVZ_OK : CVZ_E_MEMORY, error));
  *created = (cvz_window_memory){.comm = comm, .bytes = bytes};
  created->once = can_share(comm, bytes, log);
  created->shared = created->once && comm->node_size > 1;
  cvz_status status = CVZ_OK;
  if (created->shared) {
    comm->promised += bytes;
    created->data = open_shared(created);
  } else {
    status = cvz_block_create(&created->private, bytes, error);
    created->data = created->private.data;
  }
  status = cvz_comm_agree(comm, status, error);
  if (status != CVZ_OK) {
    cvz_window_free(created);
    return status;
  }
  *window = created;
  return CVZ_OK;
}

void cvz_window_free(cvz_window_memory *window)
{
  if (!window) return;
  if (window->shared) {
    window->comm->promised -= window->bytes;
    MPI_Win_unlock_all(window->window);
    MPI_Win_free(&window->window);
  }
  cvz_block_free(&window->private);
  free(window);
}

void *cvz_window_data(const cvz_window_memory *window)
{
  return window->data;
}

int cvz_window_part(const cvz_window_memory *window)
{
  return window->shared ? window->comm->node_rank : 0;
}

int cvz_window_parts(const cvz_window_memory *window)
{
  return window->shared ? window->comm->node_size : 1;
}

void cvz_window_share(cvz_window_memory *window)
{
  cvz_comm *comm = window->comm;
  if (!window->once)
    cvz_mpi_broadcast(comm->world, window->data, window->bytes, CVZ_PIECE_BYTES);
  else if (comm->leaders != MPI_COMM_NULL)
    cvz_mpi_broadcast(comm->leaders, window->data, window->bytes, CVZ_PIECE_BYTES);
  cvz_window_sync(window);
}

void cvz_window_sync(cvz_window_memory *window)
{
  if (!window->shared) return;
  MPI_Win_sync(window->window);
  MPI_Barrier(window->comm->node);
  MPI_Win_sync(window->window);
}
