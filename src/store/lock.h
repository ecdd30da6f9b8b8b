/* store/lock.h: one job at a time in an output directory.
 *
 * The lock is a record lock (fcntl) on DIRECTORY/.lock, held by every rank: the system gives it back when a process
 * dies, on a network file system as well, where the server's or the lease's word holds for all hosts. So no crash
 * leaves it behind, and a new job waits until the last rank of a dying one is gone. The file's text, "HOST PROCESS",
 * tells whom to look for. flock() is not used: some network file systems keep it on one host.
 *
 * Where the file system has no such locks, the file itself is the lock. It counts as left behind if its process is not
 * there any more on the same host, or if it has not been touched for CVZ_LOCK_STALE seconds of the file system's
 * clock; its owner touches it with cvz_lock_beat. */
#ifndef CVZ_STORE_LOCK_H
#define CVZ_STORE_LOCK_H

#include "base/status.h"

#define CVZ_LOCK_STALE 600

typedef struct cvz_lock cvz_lock;

/** For rank 0: takes the lock of a directory that is there, alone.
 *  @param patience  seconds for which a job that holds it may take to die
 *  @return CVZ_E_USAGE if another job has it */
cvz_status cvz_lock_take(cvz_lock **lock, const char *directory, double patience, cvz_error *error);

/** Lets the other ranks in: from now on they may call cvz_lock_join. */
void cvz_lock_admit(cvz_lock *lock);

/** For the other ranks, between rank 0's cvz_lock_admit and its cvz_lock_release. */
cvz_status cvz_lock_join(cvz_lock **lock, const char *directory, cvz_error *error);

/** Says that the job lives; at most every half minute it costs something. */
void cvz_lock_beat(cvz_lock *lock);

/** Gives it back; rank 0 also removes the file, so it comes when the others have written their last. Harmless on
 *  NULL. */
void cvz_lock_release(cvz_lock *lock);

#endif
