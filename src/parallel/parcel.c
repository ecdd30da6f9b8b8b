#include "parallel/parcel.h"

#include <stdlib.h>

#include "base/memory.h"

cvz_status cvz_parcel_read(const char *directory, const cvz_record *record, void *content, size_t bytes,
                           cvz_error *error)
{
  CVZ_REQUIRE(record->bytes == bytes, error, CVZ_E_FORMAT, "journal '%s': a record of %llu bytes, expected %zu",
              directory, (unsigned long long)record->bytes, bytes);
  return cvz_journal_read(directory, record, content, error);
}

/* Room for a unit's state behind a parcel's head. */
static cvz_status state_room(const cvz_ascent *ascent, cvz_parcel **head, size_t *bytes, cvz_error *error)
{
  *bytes = sizeof **head + cvz_ascent_state_count(ascent) * sizeof(float);
  *head = cvz_array(1, *bytes, error);
  return *head ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_parcel_save(cvz_journal *journal, int unit, const cvz_ascent *ascent, double seconds, cvz_error *error)
{
  cvz_parcel *head;
  size_t bytes;
  CVZ_TRY(state_room(ascent, &head, &bytes, error));
  *head = (cvz_parcel){unit, CVZ_UNIT_MISSING, seconds};
  cvz_ascent_save(ascent, (float *)(head + 1));
  const cvz_status status = cvz_journal_add(journal, CVZ_RECORD_STATE, unit, ascent->step, head, bytes, error);
  free(head);
  return status;
}

cvz_status cvz_parcel_restore(const char *directory, const cvz_resume *resume, int unit, cvz_ascent *ascent,
                              double *seconds, cvz_error *error)
{
  const cvz_record *record = cvz_resume_state(resume, unit);
  cvz_parcel *head;
  size_t bytes;
  if (!record) return CVZ_OK;
  CVZ_TRY(state_room(ascent, &head, &bytes, error));
  const cvz_status status = cvz_parcel_read(directory, record, head, bytes, error);
  if (status == CVZ_OK) {
    cvz_ascent_restore(ascent, record->step, (const float *)(head + 1));
    *seconds += head->seconds;
  }
  free(head);
  return status;
}
