/* store/job_text.h: a job's parameters as text, to tell whether two jobs are the same. */
#ifndef CVZ_STORE_JOB_TEXT_H
#define CVZ_STORE_JOB_TEXT_H

#include "base/attribute.h"
#include "base/status.h"
#include "base/text.h"

/** Appends a line "key = value" for each attribute. */
void cvz_job_text_add(cvz_text *text, const cvz_attribute *attributes, int count);

/** The value of a key, cut to `bytes`; "" if there is none. */
void cvz_job_text_value(const char *text, const char *key, char *value, size_t bytes);

/** Are they the same, line by line?
 *  @param where  of what was found, for the message
 *  @return CVZ_E_USAGE that names the first key which differs */
cvz_status cvz_job_text_same(const char *found, const char *wanted, const char *where, cvz_error *error);

#endif
