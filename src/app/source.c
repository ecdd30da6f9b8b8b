#include "app/source.h"

#include "base/file.h"
#include "model/untrained.h"

static const char *path_of(const cvz_options *options)
{
  return options->model ? options->model : options->weights;
}

static cvz_status describe(cvz_source *source, const cvz_options *options, cvz_text *description, cvz_error *error)
{
  const char *path = path_of(options);
  if (!path) return cvz_untrained_describe(options->arch, description, error);
  CVZ_TRY(cvz_keras_open(&source->file, path, options->arch, error));
  return cvz_keras_describe(source->file, description, error);
}

cvz_status cvz_source_open(cvz_source *source, cvz_comm *comm, const cvz_options *options, cvz_error *error)
{
  cvz_text description = {0};
  cvz_status status = CVZ_OK;
  if (cvz_comm_rank(comm) == 0) status = describe(source, options, &description, error);
  status = cvz_comm_share_text(comm, &description, status, error);
  if (status == CVZ_OK) {
    status = cvz_keras_build(&source->graph, description.data, description.length, error);
    status = cvz_comm_agree(comm, status, error);
  }
  cvz_text_free(&description);
  return status;
}

cvz_status cvz_source_hash(cvz_source *source, cvz_comm *comm, const cvz_options *options, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  if (cvz_comm_rank(comm) == 0) status = cvz_file_hash(path_of(options), &source->hash, error);
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  cvz_comm_share_bytes(comm, &source->hash, sizeof source->hash);
  return CVZ_OK;
}

void cvz_source_free(cvz_source *source)
{
  cvz_graph_free(&source->graph);
  cvz_keras_close(source->file);
}
