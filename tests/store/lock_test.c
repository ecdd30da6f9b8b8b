#include "store/lock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../base/scratch.h"
#include "base/clock.h"

static const char *place(void **state)
{
  return ((scratch *)*state)->path;
}

/* Record locks are a process's own: another job is another process. */
static int in_another_process(int (*body)(const char *), const char *path)
{
  const pid_t child = fork();
  if (!child) _exit(body(path));
  int how;
  assert_int_equal(waitpid(child, &how, 0), child);
  return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static int try_to_take(const char *path)
{
  cvz_lock *lock;
  cvz_error error = {0};
  const cvz_status status = cvz_lock_take(&lock, path, 0, &error);
  if (status == CVZ_E_USAGE && !strstr(error.text, "in use by another job")) return 99;
  if (status == CVZ_OK) cvz_lock_release(lock);
  return (int)status;
}

static int take_and_die(const char *path)
{
  cvz_lock *lock;
  return (int)cvz_lock_take(&lock, path, 0, NULL);
}

static void one_job_at_a_time(void **state)
{
  cvz_lock *lock;
  assert_int_equal(cvz_lock_take(&lock, place(state), 0, NULL), CVZ_OK);
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_E_USAGE);
  cvz_lock_admit(lock);
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_E_USAGE);
  cvz_lock_release(lock);
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_OK);
}

static void it_leaves_no_file(void **state)
{
  cvz_lock *lock;
  assert_int_equal(cvz_lock_take(&lock, place(state), 0, NULL), CVZ_OK);
  assert_true(scratch_has(scratch_path(state, ".lock")));
  cvz_lock_release(lock);
  assert_int_equal(scratch_count(place(state)), 0);
}

static void a_dead_job_locks_nobody_out(void **state)
{
  assert_int_equal(in_another_process(take_and_die, place(state)), CVZ_OK);
  assert_true(scratch_has(scratch_path(state, ".lock")));
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_OK);
}

/* Starts a process that joins the lock and lives until it is killed; returns when it has joined. */
static pid_t start_rank(const char *path)
{
  int ready[2];
  char byte = 0;
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (!child) {
    cvz_lock *lock;
    byte = (char)cvz_lock_join(&lock, path, NULL);
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(0);
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  assert_int_equal(byte, CVZ_OK);
  close(ready[0]);
  close(ready[1]);
  return child;
}

/* Rank 0 in a process that dies without a release, a rank that lives on. */
static int die_as_rank_0(const char *path)
{
  cvz_lock *lock;
  if (cvz_lock_take(&lock, path, 0, NULL) != CVZ_OK) return 1;
  cvz_lock_admit(lock);
  return 0;
}

static void a_rank_that_outlives_rank_0_keeps_others_out(void **state)
{
  assert_int_equal(in_another_process(die_as_rank_0, place(state)), 0);
  const pid_t rank = start_rank(place(state));
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_E_USAGE);
  kill(rank, SIGKILL);
  waitpid(rank, NULL, 0);
  assert_int_equal(in_another_process(try_to_take, place(state)), CVZ_OK);
}

static void patience_waits_for_a_dying_job(void **state)
{
  cvz_lock *lock;
  cvz_error error = {0};
  assert_int_equal(in_another_process(die_as_rank_0, place(state)), 0);
  const pid_t rank = start_rank(place(state));
  const pid_t killer = fork();
  if (!killer) {
    cvz_clock_sleep(0.3);
    kill(rank, SIGKILL);
    _exit(0);
  }
  assert_int_equal(cvz_lock_take(&lock, place(state), 30, &error), CVZ_OK);
  assert_int_equal(kill(rank, 0), 0); /* a zombie by now, not yet waited for */
  waitpid(rank, NULL, 0);
  waitpid(killer, NULL, 0);
  cvz_lock_release(lock);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
  cvz_lock *lock;
  cvz_error error;
  assert_int_equal(cvz_lock_take(&lock, scratch_path(state, "none"), 0, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "none/.lock"));
  assert_null(lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(one_job_at_a_time),
      TEST(it_leaves_no_file),
      TEST(a_dead_job_locks_nobody_out),
      TEST(a_rank_that_outlives_rank_0_keeps_others_out),
      TEST(patience_waits_for_a_dying_job),
      TEST(a_directory_that_is_not_there_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
