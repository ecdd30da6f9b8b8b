/* Runs on 3 ranks. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parallel/mpi_comm.h"

static cvz_comm *comm;

/* What place i of a broadcast holds. */
static uint64_t value_of(size_t i)
{
  return (uint64_t)i * 0x9e3779b97f4a7c15u + 1;
}

/* Every word of the others' is rank 0's, and what is behind is left alone. */
static void check_words(MPI_Comm ranks, uint64_t *words, size_t count, size_t piece)
{
  const bool root = cvz_comm_rank(comm) == 0;
  for (size_t i = 0; i <= count; i++) words[i] = root ? value_of(i) : 0;
  cvz_mpi_broadcast(ranks, words, count * sizeof *words, piece);
  size_t wrong = 0;
  for (size_t i = 0; i < count; i++) wrong += words[i] != value_of(i);
  assert_int_equal(wrong, 0);
  assert_true(words[count] == (root ? value_of(count) : 0));
}

static void pieces_of_any_length_make_the_whole(void **state)
{
  (void)state;
  static uint64_t words[1001];
  for (size_t count = 0; count <= 1000; count += 37)
    for (size_t piece = 1; piece <= 9000; piece = piece * 3 + 1) check_words(comm->world, words, count, piece);
}

/* Bytes that can be had without swapping; 0 if not known. */
static unsigned long long available(void)
{
  char line[256];
  unsigned long long kilobytes = 0;
  FILE *file = fopen("/proc/meminfo", "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file) && sscanf(line, "MemAvailable: %llu", &kilobytes) != 1) continue;
  fclose(file);
  return kilobytes << 10;
}

/* On two of the ranks, for the sake of memory and time. */
static void more_than_two_gib_arrive(void **state)
{
  (void)state;
  const size_t count = ((size_t)1 << 28) + 12345; /* words of 8 bytes: 2 GiB and a little */
  MPI_Comm two;
  if (!cvz_comm_least(comm, available() > 6ull << 30)) {
    print_message("skipped: 2 times 2 GiB of memory are not there\n");
    skip();
  }
  MPI_Comm_split(comm->world, cvz_comm_rank(comm) / 2, 0, &two);
  uint64_t *words = cvz_comm_rank(comm) < 2 ? malloc((count + 1) * sizeof *words) : NULL;
  assert_true(words || cvz_comm_rank(comm) == 2);
  if (words) check_words(two, words, count, CVZ_PIECE_BYTES);
  free(words);
  MPI_Comm_free(&two);
}

static void more_than_can_be_collected_is_refused_by_all(void **state)
{
  (void)state;
  char byte = 0;
  void *all = NULL;
  size_t bytes;
  cvz_error error = {0};
  const size_t mine = cvz_comm_rank(comm) == 1 ? (size_t)INT_MAX + 1 : 0;
  assert_int_equal(cvz_comm_collect(comm, &byte, mine, &all, &bytes, &error), CVZ_E_RANGE);
  assert_non_null(strstr(error.text, "2147483647 bytes"));
  free(all);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_of_any_length_make_the_whole),
      cmocka_unit_test(more_than_two_gib_arrive),
      cmocka_unit_test(more_than_can_be_collected_is_refused_by_all),
  };
  if (cvz_comm_start(&comm, &argc, &argv, NULL) != CVZ_OK || cvz_comm_size(comm) != 3) return 1;
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  cvz_comm_end(comm);
  return failed;
}
