#include "app/diff.h"

#include <stdlib.h>
#include <string.h>

#include "app/directories.h"
#include "base/text.h"
#include "site/pages.h"
#include "store/diff.h"

static void print_list(FILE *stream, const cvz_diff_list *list)
{
  fprintf(stream, "layer\tfilter\tdistance\tactivation A\tactivation B\tstatus\n");
  for (int i = 0; i < list->count; i++) {
    const cvz_diff_entry *entry = &list->entries[i];
    cvz_text_print(stream, list->results[0].layers[entry->layer].name, 0);
    fprintf(stream, "\t%d\t%.6f\t%.6g\t%.6g\t%s\n", entry->filter, (double)entry->distance, (double)entry->loss[0],
            (double)entry->loss[1], entry->status);
  }
}

/* The layers that both have, without gaps. */
static int pack_layers(cvz_diff_list *list)
{
  int kept = 0;
  for (int i = 0; i < list->results[0].layer_count; i++)
    if (list->layers[i].count) list->layers[kept++] = list->layers[i];
  return kept;
}

/* Folders of this machine are nobody else's business. */
static const char *last_part(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

static cvz_status write_atlas(cvz_diff_list *list, const char *out, cvz_error *error)
{
  const json_t *job = json_object_get(list->results[0].manifest, "job");
  const char *model = json_string_value(json_object_get(job, "model_name"));
  const char *names[2];
  for (int i = 0; i < 2; i++) names[i] = last_part(list->directories[i]);
  const cvz_attribute attributes[] = {
      {.key = "model_name", .kind = CVZ_ATTRIBUTE_TEXT, .text = model ? model : ""},
      {.key = "compared_a", .kind = CVZ_ATTRIBUTE_TEXT, .text = names[0]},
      {.key = "compared_b", .kind = CVZ_ATTRIBUTE_TEXT, .text = names[1]},
  };
  char *network = cvz_results_network(&list->results[0]);
  const cvz_manifest manifest = {.attributes = attributes,
                                 .attribute_count = sizeof attributes / sizeof *attributes,
                                 .layers = list->layers,
                                 .layer_count = pack_layers(list),
                                 .network = network};
  const cvz_status status = cvz_pages_finish(out, &manifest, error);
  free(network);
  return status;
}

static cvz_status write_all(void *context, const char *out, cvz_error *error)
{
  cvz_diff_list *list = context;
  CVZ_TRY(cvz_diff_make(list, out, error));
  return write_atlas(list, out, error);
}

static cvz_status open_both(cvz_diff_list *list, const cvz_directories *jobs, const cvz_options *options,
                            cvz_error *error)
{
  CVZ_REQUIRE(jobs->count == 2, error, CVZ_E_USAGE, "--diff: '%.200s', expected two directories", options->diff);
  return cvz_diff_open(list, jobs->names[0], jobs->names[1], error);
}

cvz_status cvz_diff(FILE *stream, const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  const bool writes = options->origin[CVZ_OPTION_out] == CVZ_ORIGIN_COMMAND_LINE;
  cvz_directories jobs;
  cvz_diff_list list = {0};
  cvz_status status;
  CVZ_TRY_GOTO(cvz_directories_split(&jobs, options->diff, error), done);
  CVZ_TRY_GOTO(open_both(&list, &jobs, options, error), done);
  if (writes) CVZ_TRY_GOTO(cvz_directories_apart(&jobs, "diff", options->out, error), done);
  if (writes)
    CVZ_TRY_GOTO(cvz_directories_write(options, write_all, &list, error), done);
  else
    CVZ_TRY_GOTO(cvz_diff_make(&list, NULL, error), done);
  cvz_diff_sort(&list);
  print_list(stream, &list);
  if (writes) cvz_tell(log, "%s/index.html", options->out);
done:
  cvz_diff_free(&list);
  cvz_directories_free(&jobs);
  return status;
}
