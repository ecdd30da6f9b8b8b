#include "app/settle.h"

#include <string.h>

#include "base/file.h"
#include "job/filters.h"
#include "job/size.h"

static cvz_status read_labels(cvz_settled *settled, cvz_comm *comm, cvz_error *error)
{
  const char *path = settled->options.labels;
  cvz_text text = {0};
  cvz_status status = CVZ_OK;
  if (!path) return CVZ_OK;
  if (cvz_comm_rank(comm) == 0) status = cvz_file_read(path, CVZ_LABELS_LIMIT, &text, error);
  status = cvz_comm_share_text(comm, &text, status, error);
  if (status == CVZ_OK) status = cvz_labels_parse(&settled->labels, text.data ? text.data : "", path, error);
  cvz_text_free(&text);
  return status;
}

static cvz_status look_up_names(cvz_settled *settled, cvz_error *error)
{
  cvz_options *options = &settled->options;
  if (!cvz_filters_has_names(options->filters)) return CVZ_OK;
  CVZ_TRY(cvz_labels_replace(&settled->labels, options->filters, &settled->filters, error));
  options->filters = settled->filters.data;
  return CVZ_OK;
}

static cvz_status settle(cvz_settled *settled, cvz_graph *graph, cvz_error *error)
{
  cvz_options *options = &settled->options;
  if (strcmp(options->preprocess, "auto")) CVZ_TRY(cvz_graph_set_preprocess(graph, options->preprocess, error));
  CVZ_TRY(look_up_names(settled, error));
  return cvz_size_settle(&options->size, graph, options, error);
}

cvz_status cvz_settle(cvz_settled *settled, cvz_comm *comm, cvz_graph *graph, const cvz_options *options,
                      cvz_error *error)
{
  *settled = (cvz_settled){.options = *options};
  cvz_status status = read_labels(settled, comm, error);
  if (status == CVZ_OK && options->directions)
    status = cvz_directions_share(&settled->directions, comm, options->directions, error);
  if (status == CVZ_OK) status = settle(settled, graph, error);
  return cvz_comm_agree(comm, status, error);
}

cvz_status cvz_settle_check_filters(const cvz_settled *settled, const char *layer, int filters, cvz_error *error)
{
  CVZ_REQUIRE(!settled->filters.data || filters == settled->labels.count, error, CVZ_E_USAGE,
              "labels: %d names, layer '%s' has %d channels; expected as many, for names in --filters",
              settled->labels.count, layer, filters);
  return CVZ_OK;
}

void cvz_settled_free(cvz_settled *settled)
{
  cvz_labels_free(&settled->labels);
  cvz_text_free(&settled->filters);
  cvz_directions_free(&settled->directions);
}
