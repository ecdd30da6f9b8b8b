/* Runs on 3 ranks. */
#include "parallel/agreement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static cvz_comm *comm;

static int rank(void)
{
  return cvz_comm_rank(comm);
}

static void the_widest_that_all_have_is_taken(void **state)
{
  (void)state;
  static const cvz_isa own[] = {CVZ_ISA_AVX512, CVZ_ISA_AVX512, CVZ_ISA_AVX2};
  cvz_isa isa;
  assert_int_equal(cvz_agree_isa(comm, own[rank()], NULL, &isa, NULL), CVZ_OK);
  assert_int_equal(isa, CVZ_ISA_AVX2);
  assert_int_equal(cvz_agree_isa(comm, own[2 - rank()], "", &isa, NULL), CVZ_OK);
  assert_int_equal(isa, CVZ_ISA_AVX2);
}

static void a_narrower_one_can_be_forced(void **state)
{
  (void)state;
  cvz_isa isa;
  assert_int_equal(cvz_agree_isa(comm, rank() ? CVZ_ISA_AVX512 : CVZ_ISA_AVX2, "avx2", &isa, NULL), CVZ_OK);
  assert_int_equal(isa, CVZ_ISA_AVX2);
  assert_int_equal(cvz_agree_isa(comm, CVZ_ISA_AVX512, "portable", &isa, NULL), CVZ_OK);
  assert_int_equal(isa, CVZ_ISA_PORTABLE);
}

/* Every rank gets the error of the one that lacks it. */
static void a_rank_that_lacks_what_is_forced_is_named(void **state)
{
  (void)state;
  cvz_isa isa;
  cvz_error error = {0};
  char place[128];
  const cvz_status status = cvz_agree_isa(comm, rank() == 1 ? CVZ_ISA_AVX2 : CVZ_ISA_AVX512, "avx512", &isa, &error);
  snprintf(place, sizeof place, "rank 1 (host %s)", cvz_comm_host(comm));
  assert_int_equal(status, CVZ_E_UNSUPPORTED);
  assert_non_null(strstr(error.text, place));
  assert_non_null(strstr(error.text, "avx512"));
  assert_non_null(strstr(error.text, "avx2 or less"));
}

static void an_unknown_one_is_refused(void **state)
{
  (void)state;
  cvz_isa isa;
  cvz_error error = {0};
  assert_int_equal(cvz_agree_isa(comm, CVZ_ISA_AVX2, "sse9", &isa, &error), CVZ_E_RANGE);
  assert_non_null(strstr(error.text, "sse9"));
}

static void the_same_text_is_fine(void **state)
{
  (void)state;
  assert_int_equal(cvz_agree_text(comm, "thing", "alike", "", NULL), CVZ_OK);
  assert_int_equal(cvz_agree_text(comm, "thing", "", "", NULL), CVZ_OK);
}

static void another_text_is_an_error_with_both(void **state)
{
  (void)state;
  cvz_error error = {0};
  char text[256];
  const cvz_status status = cvz_agree_text(comm, "thing", rank() == 2 ? "blue" : "red", "; paint it", &error);
  snprintf(text, sizeof text, "thing: 'blue' on rank 2 (host %s), expected 'red' as on rank 0 (host %s); paint it",
           cvz_comm_host(comm), cvz_comm_host(comm));
  assert_int_equal(status, CVZ_E_UNSUPPORTED);
  assert_string_equal(error.text, text);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_widest_that_all_have_is_taken),
      cmocka_unit_test(a_narrower_one_can_be_forced),
      cmocka_unit_test(a_rank_that_lacks_what_is_forced_is_named),
      cmocka_unit_test(an_unknown_one_is_refused),
      cmocka_unit_test(the_same_text_is_fine),
      cmocka_unit_test(another_text_is_an_error_with_both),
  };
  if (cvz_comm_start(&comm, &argc, &argv, NULL) != CVZ_OK || cvz_comm_size(comm) != 3) return 1;
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  cvz_comm_end(comm);
  return failed;
}
