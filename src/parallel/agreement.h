/* parallel/agreement.h: what must be the same on all ranks of a cluster of mixed machines. */
#ifndef CVZ_PARALLEL_AGREEMENT_H
#define CVZ_PARALLEL_AGREEMENT_H

#include "base/cpu.h"
#include "parallel/comm.h"

/** All ranks must come with the same text. Collective.
 *  @param what    it is, for the error
 *  @param advice  for the end of the error, "" for none
 *  @return CVZ_E_UNSUPPORTED with both texts, ranks and hosts if one does not */
cvz_status cvz_agree_text(cvz_comm *comm, const char *what, const char *text, const char *advice, cvz_error *error);

/** The instruction set of all ranks: the one that is wanted, or the widest that all have. Collective.
 *  @param own     the widest that this rank's processor has
 *  @param wanted  its name, NULL or "" for none
 *  @return CVZ_E_RANGE for an unknown name; CVZ_E_UNSUPPORTED with rank and host if one lacks what is wanted */
cvz_status cvz_agree_isa(cvz_comm *comm, cvz_isa own, const char *wanted, cvz_isa *isa, cvz_error *error);

#endif
