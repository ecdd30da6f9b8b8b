#include "parallel/unit_state.h"

#include <stdlib.h>

#include "base/memory.h"

typedef struct cvz_state_head {
  int32_t unit, unused;
  double seconds;
} cvz_state_head;

/* Room for a unit's state behind its head. */
static cvz_status state_room(const cvz_climb *climb, cvz_state_head **head, size_t *bytes, cvz_error *error)
{
  *bytes = sizeof **head + cvz_climb_state_count(climb) * sizeof(float);
  *head = cvz_array(1, *bytes, error);
  return *head ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_unit_state_save(cvz_journal *journal, int unit, const cvz_climb *climb, double seconds, cvz_error *error)
{
  cvz_state_head *head;
  size_t bytes;
  CVZ_TRY(state_room(climb, &head, &bytes, error));
  *head = (cvz_state_head){unit, 0, seconds};
  cvz_climb_save(climb, (float *)(head + 1));
  const cvz_status status =
      cvz_journal_add(journal, CVZ_RECORD_STATE, unit, cvz_climb_steps(climb), head, bytes, error);
  free(head);
  return status;
}

cvz_status cvz_unit_state_restore(const char *directory, const cvz_resume *resume, int unit, cvz_climb *climb,
                                  double *seconds, cvz_error *error)
{
  const cvz_record *record = cvz_resume_state(resume, unit);
  cvz_state_head *head;
  size_t bytes;
  if (!record) return CVZ_OK;
  CVZ_TRY(state_room(climb, &head, &bytes, error));
  const cvz_status status = cvz_journal_read(directory, record, head, bytes, error);
  if (status == CVZ_OK) {
    cvz_climb_restore(climb, (const float *)(head + 1));
    *seconds += head->seconds;
  }
  free(head);
  return status;
}
