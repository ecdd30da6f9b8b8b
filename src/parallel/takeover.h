/* parallel/takeover.h: units that a rank has not begun move to ranks that have none left (--schedule dynamic).
 *
 * There is no rank that all ask, and nobody waits: everything is answered between two steps. A rank without units asks
 * some others how long they will take (ASK, LOAD), and wants units of the one that takes longest (WANT, GIVE; an answer
 * may have none). Who has not answered after a moment may be slow or stopped: the others go first, and a late answer
 * still counts. job/share decides whom to ask and what to give. */
#ifndef CVZ_PARALLEL_TAKEOVER_H
#define CVZ_PARALLEL_TAKEOVER_H

#include "job/share.h"
#include "parallel/mail.h"

typedef struct cvz_takeover cvz_takeover;

/** @param share  of this rank; borrowed like `mail` */
cvz_status cvz_takeover_create(cvz_takeover **takeover, cvz_comm *comm, cvz_mail *mail, cvz_share *share,
                               cvz_error *error);

/** Harmless on NULL. */
void cvz_takeover_free(cvz_takeover *takeover);

/** Whether a message is one of these. */
bool cvz_takeover_is_kind(cvz_mail_kind kind);

/** Notes such a message; sends nothing. */
void cvz_takeover_take(cvz_takeover *takeover, cvz_mail_kind kind, const void *data, size_t bytes);

/** Between steps: answers the others, and if the share is empty looks for units. */
cvz_status cvz_takeover_tend(cvz_takeover *takeover, cvz_error *error);

/** How many units this rank has taken over; one that moved twice counts twice. */
int cvz_takeover_units(const cvz_takeover *takeover);

#endif
