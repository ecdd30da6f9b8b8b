#include "parallel/mail.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "parallel/mpi_comm.h"

#define UNDER_WAY 16 /* messages that may be on their way from one rank */

typedef struct cvz_letter {
  MPI_Request request;
  void *data; /* NULL: the place is free */
} cvz_letter;

struct cvz_mail {
  cvz_comm *comm;
  cvz_mail_take take;
  void *context;
  bool discard;
  cvz_letter letters[UNDER_WAY];
  int *sent; /* to each rank */
  int received;
};

cvz_status cvz_mail_create(cvz_mail **mail, cvz_comm *comm, cvz_mail_take take, void *context, cvz_error *error)
{
  cvz_mail *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_mail){.comm = comm, .take = take, .context = context};
  created->sent = cvz_array((size_t)comm->size, sizeof *created->sent, error);
  if (!created->sent) {
    free(created);
    return CVZ_E_MEMORY;
  }
  *mail = created;
  return CVZ_OK;
}

void cvz_mail_free(cvz_mail *mail)
{
  if (!mail) return;
  free(mail->sent);
  free(mail);
}

/* Frees the letters that have left; a free place, or NULL if all are under way. */
static cvz_letter *free_place(cvz_mail *mail)
{
  cvz_letter *place = NULL;
  for (int i = 0; i < UNDER_WAY; i++) {
    cvz_letter *letter = &mail->letters[i];
    int left = 1;
    if (letter->data) MPI_Test(&letter->request, &left, MPI_STATUS_IGNORE);
    if (!left) continue;
    free(letter->data);
    letter->data = NULL;
    place = letter;
  }
  return place;
}

static bool all_left(cvz_mail *mail)
{
  free_place(mail);
  for (int i = 0; i < UNDER_WAY; i++)
    if (mail->letters[i].data) return false;
  return true;
}

/* Takes one message if one is there. */
static cvz_status take_one(cvz_mail *mail, bool *found, cvz_error *error)
{
  MPI_Message message;
  MPI_Status envelope;
  int there, bytes;
  MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, mail->comm->world, &there, &message, &envelope);
  *found = there;
  if (!there) return CVZ_OK;
  MPI_Get_count(&envelope, MPI_BYTE, &bytes);
  void *data = malloc(bytes ? (size_t)bytes : 1);
  if (!data) MPI_Abort(mail->comm->world, 1); /* it can neither be received nor refused */
  MPI_Mrecv(data, bytes, MPI_BYTE, &message, MPI_STATUS_IGNORE);
  mail->received++;
  cvz_status status = CVZ_OK;
  if (!mail->discard) status = mail->take(mail->context, (cvz_mail_kind)envelope.MPI_TAG, data, (size_t)bytes, error);
  free(data);
  return status;
}

cvz_status cvz_mail_poll(cvz_mail *mail, cvz_error *error)
{
  bool found = true;
  while (found) CVZ_TRY(take_one(mail, &found, error));
  return CVZ_OK;
}

static void nap(void)
{
  const struct timespec moment = {0, 1000000};
  nanosleep(&moment, NULL);
}

cvz_status cvz_mail_wait(cvz_mail *mail, cvz_error *error)
{
  bool found;
  CVZ_TRY(take_one(mail, &found, error));
  if (!found) nap();
  return CVZ_OK;
}

cvz_status cvz_mail_send(cvz_mail *mail, int rank, cvz_mail_kind kind, const void *data, size_t bytes, cvz_error *error)
{
  if (rank == mail->comm->rank) return mail->take(mail->context, kind, data, bytes, error);
  CVZ_REQUIRE(bytes <= INT_MAX, error, CVZ_E_RANGE, "message of %zu bytes, expected at most %d", bytes, INT_MAX);
  cvz_letter *letter;
  while (!(letter = free_place(mail))) CVZ_TRY(cvz_mail_wait(mail, error));
  letter->data = malloc(bytes ? bytes : 1);
  CVZ_REQUIRE(letter->data, error, CVZ_E_MEMORY, "memory: no room for a message of %zu bytes", bytes);
  memcpy(letter->data, data, bytes);
  MPI_Isend(letter->data, (int)bytes, MPI_BYTE, rank, kind, mail->comm->world, &letter->request);
  mail->sent[rank]++;
  return CVZ_OK;
}

void cvz_mail_discard(cvz_mail *mail)
{
  mail->discard = true;
}

void cvz_mail_settle(cvz_mail *mail)
{
  int expected = 0, counted = 0;
  MPI_Request request;
  int *counts = calloc((size_t)mail->comm->size, sizeof *counts);
  if (!counts) MPI_Abort(mail->comm->world, 1);
  cvz_mail_discard(mail);
  MPI_Ialltoall(mail->sent, 1, MPI_INT, counts, 1, MPI_INT, mail->comm->world, &request);
  while (!counted || !all_left(mail) || mail->received < expected) {
    cvz_mail_wait(mail, NULL);
    if (counted) continue;
    MPI_Test(&request, &counted, MPI_STATUS_IGNORE);
    for (int i = 0; counted && i < mail->comm->size; i++) expected += counts[i];
  }
  free(counts);
}
