/* job/file.h: the job file, options as lines "key = value". */
#ifndef CVZ_JOB_FILE_H
#define CVZ_JOB_FILE_H

#include "job/options.h"

/** Takes the options of a job file; those of the command line stay. Keys are the options' names; an optional section
 *  [job]; comments start with ; or #. Relative paths are taken from the file's folder.
 *  @return CVZ_E_USAGE "FILE:LINE: what" for an unknown key, a bad value, a key given twice or a line that is too long;
 *          CVZ_E_FORMAT if it is not a text; what cvz_file_read says if it cannot be read
 */
cvz_status cvz_job_file_read(cvz_options *options, const char *path, cvz_error *error);

#endif
