/* parallel/mail.h: messages between ranks that nobody waits for. */
#ifndef CVZ_PARALLEL_MAIL_H
#define CVZ_PARALLEL_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "parallel/comm.h"

/** What a message is about. */
typedef enum cvz_mail_kind {
  CVZ_MAIL_UNIT = 1, /**< a finished unit, to the owner of its layer */
  CVZ_MAIL_DONE,     /**< how a unit went, to rank 0 */
  CVZ_MAIL_LAYER,    /**< a layer is written: its summary, to rank 0 */
  CVZ_MAIL_STOP,     /**< a rank has failed: stop */
  CVZ_MAIL_HALT,     /**< a rank was asked to stop, and why: to rank 0, which tells all */
  CVZ_MAIL_END,      /**< all units are finished: from rank 0, where units may move */
  CVZ_MAIL_ASK,      /**< these four: see parallel/takeover.h */
  CVZ_MAIL_LOAD,
  CVZ_MAIL_WANT,
  CVZ_MAIL_GIVE
} cvz_mail_kind;

typedef struct cvz_mail cvz_mail;

/** Called for each message that arrives. `data` is lent for the call. */
typedef cvz_status (*cvz_mail_take)(void *context, cvz_mail_kind kind, const void *data, size_t bytes,
                                    cvz_error *error);

cvz_status cvz_mail_create(cvz_mail **mail, cvz_comm *comm, cvz_mail_take take, void *context, cvz_error *error);

/** From now on throws away what arrives: after a failure. */
void cvz_mail_discard(cvz_mail *mail);

/** Waits until every message of every rank has arrived, and throws away those that come now. For the end of a run:
 *  nobody may wait for a message any more. Collective. */
void cvz_mail_settle(cvz_mail *mail);

void cvz_mail_free(cvz_mail *mail);

/** Sends a copy of `data`. To the own rank it is taken at once. If many messages are under way it takes what arrives
 *  until there is room. */
cvz_status cvz_mail_send(cvz_mail *mail, int rank, cvz_mail_kind kind, const void *data, size_t bytes,
                         cvz_error *error);

/** Takes what has arrived; never waits. */
cvz_status cvz_mail_poll(cvz_mail *mail, cvz_error *error);

/** The same, but sleeps for a moment if nothing was there. */
cvz_status cvz_mail_wait(cvz_mail *mail, cvz_error *error);

#endif
