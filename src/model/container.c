#include "model/container.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/trial.h"
#include "model/archive.h"
#include "model/foreign.h"

#define REHEARSAL_SECONDS 20 /* of processor time; a sound file takes some milliseconds */

struct cvz_container {
  cvz_archive archive; /* empty where the file itself is HDF5 */
  cvz_hdf5 *weights;
};

/* The unpacked weights have no name: they are opened by the number of their descriptor. */
static cvz_status open_archive(cvz_container *c, const char *path, cvz_error *error)
{
  char place[64];
  cvz_text name = {0};
  CVZ_TRY(cvz_archive_read(&c->archive, path, error));
  snprintf(place, sizeof place, "/proc/self/fd/%d", c->archive.weights);
  cvz_text_add(&name, "%s (model.weights.h5)", path);
  cvz_status status = cvz_text_check(&name, error);
  if (status == CVZ_OK) status = cvz_hdf5_open(&c->weights, place, name.data, true, error);
  cvz_text_free(&name);
  return status;
}

static cvz_status open_any(cvz_container *c, const char *path, cvz_error *error)
{
  cvz_file_kind kind;
  CVZ_TRY(cvz_file_look(&kind, path, error));
  if (kind == CVZ_FILE_ZIP) return open_archive(c, path, error);
  return cvz_hdf5_open(&c->weights, path, path, false, error);
}

static cvz_status open_here(cvz_container **container, const char *path, cvz_error *error)
{
  *container = NULL;
  cvz_container *c = cvz_array(1, sizeof *c, error);
  if (!c) return CVZ_E_MEMORY;
  c->archive.weights = -1;
  const cvz_status status = open_any(c, path, error);
  if (status == CVZ_OK)
    *container = c;
  else
    cvz_container_close(c);
  return status;
}

static void rehearse(void *path)
{
  cvz_container *c;
  if (open_here(&c, path, NULL) != CVZ_OK) return;
  cvz_hdf5_rehearse(c->weights);
  cvz_container_close(c);
}

cvz_status cvz_container_open(cvz_container **container, const char *path, cvz_error *error)
{
  *container = NULL;
  char *name = cvz_copy_text(path, error);
  if (!name) return CVZ_E_MEMORY;
  const bool survived = cvz_trial(rehearse, name, REHEARSAL_SECONDS);
  free(name);
  CVZ_REQUIRE(survived, error, CVZ_E_FORMAT, "%s: is damaged, expected a sound Keras file: reading it fails", path);
  return open_here(container, path, error);
}

void cvz_container_close(cvz_container *c)
{
  if (!c) return;
  cvz_hdf5_close(c->weights);
  cvz_archive_free(&c->archive);
  free(c);
}

const char *cvz_container_config(const cvz_container *c)
{
  return c->archive.config ? c->archive.config : cvz_hdf5_config(c->weights);
}

const char *cvz_container_version(const cvz_container *c)
{
  const char *version = c->archive.version ? c->archive.version : cvz_hdf5_version(c->weights);
  return version ? version : "";
}

cvz_hdf5 *cvz_container_weights(const cvz_container *c)
{
  return c->weights;
}
