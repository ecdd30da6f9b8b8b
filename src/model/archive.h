/* model/archive.h: the .keras archive of Keras 2.12 and later, a ZIP. Inside model/ only.
 *
 *   config.json        the configuration
 *   metadata.json      keras_version
 *   model.weights.h5   the weights, by paths (model/hdf5.h) */
#ifndef CVZ_MODEL_ARCHIVE_H
#define CVZ_MODEL_ARCHIVE_H

#include "base/status.h"

/** What is in an archive, owned. */
typedef struct cvz_archive {
  char *config;
  char *version; /**< NULL if it is not told */
  int weights;   /**< descriptor of a file without a name, in memory: the unpacked model.weights.h5; -1 if there is none
                  */
} cvz_archive;

/** Reads and unpacks all of it, and compares the checksums.
 *  @return CVZ_E_FORMAT (truncated, damaged, grows beyond measure, parts are missing); CVZ_E_UNSUPPORTED (encrypted,
 *          weights as .npz, an archive of other software); CVZ_E_IO */
cvz_status cvz_archive_read(cvz_archive *archive, const char *path, cvz_error *error);

/** Harmless on one that could not be read. */
void cvz_archive_free(cvz_archive *archive);

#endif
