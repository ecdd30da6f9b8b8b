#include "parallel/agreement.h"

#include <stdio.h>
#include <string.h>

/* Rank 0's, as the others get it. */
typedef struct sample {
  char text[256], host[64];
} sample;

static sample make_sample(const cvz_comm *comm, const char *text)
{
  sample made = {{0}, {0}};
  snprintf(made.text, sizeof made.text, "%s", text);
  snprintf(made.host, sizeof made.host, "%s", cvz_comm_host(comm));
  return made;
}

cvz_status cvz_agree_text(cvz_comm *comm, const char *what, const char *text, const char *advice, cvz_error *error)
{
  const sample own = make_sample(comm, text);
  sample first = own;
  cvz_comm_share_bytes(comm, &first, sizeof first);
  cvz_status status = CVZ_OK;
  if (strcmp(own.text, first.text))
    status = cvz_fail(error, CVZ_E_UNSUPPORTED, "%s: '%s' on rank %d (host %s), expected '%s' as on rank 0 (host %s)%s",
                      what, own.text, cvz_comm_rank(comm), own.host, first.text, first.host, advice);
  return cvz_comm_agree(comm, status, error);
}

static cvz_status check_isa(const cvz_comm *comm, cvz_isa own, cvz_isa wanted, cvz_error *error)
{
  CVZ_REQUIRE(wanted <= own, error, CVZ_E_UNSUPPORTED,
              "isa: %s is not available on the processor of rank %d (host %s), expected %s or less",
              cvz_isa_name(wanted), cvz_comm_rank(comm), cvz_comm_host(comm), cvz_isa_name(own));
  return CVZ_OK;
}

cvz_status cvz_agree_isa(cvz_comm *comm, cvz_isa own, const char *wanted, cvz_isa *isa, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  *isa = (cvz_isa)cvz_comm_least(comm, (int)own);
  if (wanted && *wanted) status = cvz_isa_from_name(isa, wanted, error);
  if (status == CVZ_OK) status = check_isa(comm, own, *isa, error);
  return cvz_comm_agree(comm, status, error);
}
