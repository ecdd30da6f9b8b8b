/* model/foreign.h: what a file is, by its content. Inside model/ only. */
#ifndef CVZ_MODEL_FOREIGN_H
#define CVZ_MODEL_FOREIGN_H

#include "base/status.h"

/** The containers of Keras, and what people have instead. */
typedef enum cvz_file_kind {
  CVZ_FILE_UNKNOWN,
  CVZ_FILE_HDF5,
  CVZ_FILE_ZIP,
#define F(kind, what, how) CVZ_FILE_##kind,
#include "model/foreign.def"
#undef F
} cvz_file_kind;

/** Looks at a file or a folder.
 *  @return CVZ_OK for HDF5 and ZIP; CVZ_E_IO (missing, unreadable, a folder); CVZ_E_FORMAT (empty, unknown);
 *          CVZ_E_UNSUPPORTED for a model of other software, with a way to convert it */
cvz_status cvz_file_look(cvz_file_kind *kind, const char *path, cvz_error *error);

/** The error of a file of foreign kind. */
cvz_status cvz_file_refuse(cvz_file_kind kind, const char *path, cvz_error *error);

#endif
