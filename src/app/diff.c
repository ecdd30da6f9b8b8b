#include "app/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "site/pages.h"
#include "store/diff.h"
#include "store/journal.h"
#include "store/output.h"

/* "A,B" into its two parts, which stay in `text`. */
static cvz_status split(char *text, const char *parts[2], cvz_error *error)
{
  char *comma = strchr(text, ',');
  CVZ_REQUIRE(comma && comma[1] && !strchr(comma + 1, ','), error, CVZ_E_USAGE,
              "--diff: '%.200s', expected two directories", text);
  *comma = 0;
  parts[0] = text, parts[1] = comma + 1;
  return CVZ_OK;
}

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

static cvz_status make(FILE *stream, cvz_diff_list *list, const cvz_options *options, const cvz_log *log,
                       cvz_error *error)
{
  const char *out = options->origin[CVZ_OPTION_out] == CVZ_ORIGIN_COMMAND_LINE ? options->out : NULL;
  if (out) CVZ_TRY(cvz_output_prepare(out, options->overwrite ? CVZ_OUTPUT_OVERWRITE : CVZ_OUTPUT_NEW, error));
  CVZ_TRY(cvz_diff_make(list, out, error));
  cvz_diff_sort(list);
  print_list(stream, list);
  if (!out) return CVZ_OK;
  CVZ_TRY(write_atlas(list, out, error));
  CVZ_TRY(cvz_journal_remove(out, error));
  cvz_tell(log, "%s/index.html", out);
  return CVZ_OK;
}

cvz_status cvz_diff(FILE *stream, const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  cvz_diff_list list = {0};
  char *text = cvz_copy_text(options->diff, error);
  cvz_status status = text ? split(text, list.directories, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) status = make(stream, &list, options, log, error);
  cvz_diff_free(&list);
  free(text);
  return status;
}
