#include "store/combine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/layer_read.h"
#include "store/layer_write.h"
#include "store/results.h"

/* One of the jobs. */
typedef struct job {
  const char *directory;
  char name[CVZ_VARIANT_NAME];
  cvz_results results;
  cvz_layer_read *sample; /* of any layer: its attributes are those of the job */
} job;

struct cvz_combine {
  job *jobs;
  int job_count;
  cvz_manifest_variant *variants;
  cvz_output_layer *layers;
  char *network; /* as JSON */
};

/* The same layer of all jobs. */
typedef struct stack {
  int job_count;
  cvz_layer_read **reads;      /* per job, NULL: it has none */
  int *next;                   /* per job: where to look for the next filter */
  cvz_layer_variant *variants; /* those of the first, then one of each other that has the layer */
  cvz_result *results;         /* of a filter in each variant */
  int own, count;              /* variants of the first, and all */
} stack;

static void name_job(job *j)
{
  size_t length = strlen(j->directory);
  while (length > 1 && j->directory[length - 1] == '/') length--;
  size_t start = length;
  while (start && j->directory[start - 1] != '/') start--;
  char last[CVZ_VARIANT_NAME];
  snprintf(last, sizeof last, "%.*s", (int)(length - start), j->directory + start);
  cvz_variant_name(j->name, last);
}

static const cvz_attribute *attributes_of(const job *j, int *count)
{
  const cvz_layer_file_info *info = cvz_layer_read_info(j->sample);
  *count = info->attribute_count > CVZ_LAYER_KEYS ? info->attribute_count - CVZ_LAYER_KEYS : 0;
  return info->attributes + (info->attribute_count - *count);
}

static const char *model_of(const job *j)
{
  int count;
  const cvz_attribute *attributes = attributes_of(j, &count);
  return cvz_attribute_text(attributes, count, "model_xxh64");
}

static cvz_status open_job(job *j, const char *directory, cvz_error *error)
{
  j->directory = directory;
  name_job(j);
  CVZ_TRY(cvz_results_open(&j->results, directory, "combine", error));
  return cvz_layer_read_open(&j->sample, directory, j->results.layers[0].stem, error);
}

static bool has_a_layer_of(const job *j, const job *first)
{
  for (int i = 0; i < first->results.layer_count; i++)
    if (cvz_results_find(&j->results, first->results.layers[i].name)) return true;
  return false;
}

static cvz_status check_job(const cvz_combine *combine, int index, cvz_error *error)
{
  const job *first = &combine->jobs[0], *j = &combine->jobs[index];
  CVZ_REQUIRE(!strcmp(model_of(j), model_of(first)), error, CVZ_E_USAGE,
              "combine: '%s' is of a model with XXH64 %s, expected %s as in '%s'", j->directory, model_of(j),
              model_of(first), first->directory);
  CVZ_REQUIRE(has_a_layer_of(j, first), error, CVZ_E_USAGE, "combine: '%s' has no layer of '%s'", j->directory,
              first->directory);
  for (int i = 1; i < index; i++)
    CVZ_REQUIRE(strcmp(combine->jobs[i].name, j->name), error, CVZ_E_USAGE,
                "combine: '%s' and '%s' have one name, expected directories with different names",
                combine->jobs[i].directory, j->directory);
  return CVZ_OK;
}

static cvz_status open_jobs(cvz_combine *combine, const char *const *directories, int count, cvz_error *error)
{
  CVZ_REQUIRE(count >= 2, error, CVZ_E_USAGE, "combine: %d directory, expected at least two", count);
  combine->jobs = cvz_array((size_t)count, sizeof *combine->jobs, error);
  combine->variants = cvz_array((size_t)count, sizeof *combine->variants, error);
  if (!combine->jobs || !combine->variants) return CVZ_E_MEMORY;
  for (int i = 0; i < count; i++) {
    combine->job_count = i + 1;
    CVZ_TRY(open_job(&combine->jobs[i], directories[i], error));
    if (!i) continue;
    CVZ_TRY(check_job(combine, i, error));
    cvz_manifest_variant *variant = &combine->variants[i - 1];
    variant->name = combine->jobs[i].name;
    variant->attributes = attributes_of(&combine->jobs[i], &variant->attribute_count);
  }
  combine->layers = cvz_array((size_t)cvz_combine_layers(combine), sizeof *combine->layers, error);
  combine->network = cvz_results_network(&combine->jobs[0].results);
  return combine->layers && combine->network ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_combine_open(cvz_combine **combine, const char *const *directories, int count, cvz_error *error)
{
  cvz_combine *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  const cvz_status status = open_jobs(opened, directories, count, error);
  if (status == CVZ_OK)
    *combine = opened;
  else
    cvz_combine_close(opened);
  return status;
}

void cvz_combine_close(cvz_combine *combine)
{
  if (!combine) return;
  for (int i = 0; i < combine->job_count; i++) {
    cvz_layer_read_close(combine->jobs[i].sample);
    cvz_results_close(&combine->jobs[i].results);
  }
  free(combine->jobs);
  free(combine->variants);
  free(combine->layers);
  free(combine->network);
  free(combine);
}

int cvz_combine_layers(const cvz_combine *combine)
{
  return combine->jobs[0].results.layer_count;
}

static cvz_status open_reads(const cvz_combine *combine, stack *s, int index, cvz_error *error)
{
  const cvz_results_layer *layer = &combine->jobs[0].results.layers[index];
  s->reads = cvz_array((size_t)combine->job_count, sizeof *s->reads, error);
  s->next = cvz_array((size_t)combine->job_count, sizeof *s->next, error);
  if (!s->reads || !s->next) return CVZ_E_MEMORY;
  for (int i = 0; i < combine->job_count; i++) {
    const cvz_results_layer *found = cvz_results_find(&combine->jobs[i].results, layer->name);
    if (found) CVZ_TRY(cvz_layer_read_open(&s->reads[i], combine->jobs[i].directory, found->stem, error));
  }
  return CVZ_OK;
}

static cvz_status add_variant(const cvz_combine *combine, stack *s, int index, cvz_error *error)
{
  const cvz_layer_file_info *info = cvz_layer_read_info(s->reads[index]);
  const job *j = &combine->jobs[index];
  cvz_layer_variant *variant = &s->variants[s->count++];
  CVZ_REQUIRE(info->channels == cvz_layer_read_info(s->reads[0])->channels, error, CVZ_E_USAGE,
              "combine: '%s' has pictures of %d channels, expected %d", j->directory, info->channels,
              cvz_layer_read_info(s->reads[0])->channels);
  for (int i = 0; i < s->own; i++)
    CVZ_REQUIRE(strcmp(s->variants[i].name, j->name), error, CVZ_E_USAGE,
                "combine: '%s' has a variant '%s' already, expected a directory with another name",
                combine->jobs[0].directory, j->name);
  *variant = cvz_layer_main(info);
  memcpy(variant->name, j->name, sizeof variant->name);
  variant->attributes = attributes_of(j, &variant->attribute_count);
  return CVZ_OK;
}

static cvz_status list_variants(const cvz_combine *combine, stack *s, cvz_error *error)
{
  const cvz_layer_file_info *first = cvz_layer_read_info(s->reads[0]);
  const size_t most = (size_t)first->variant_count + (size_t)combine->job_count;
  s->variants = cvz_array(most, sizeof *s->variants, error);
  s->results = cvz_array(most, sizeof *s->results, error);
  if (!s->variants || !s->results) return CVZ_E_MEMORY;
  s->own = s->count = first->variant_count;
  if (s->own) memcpy(s->variants, first->variants, (size_t)s->own * sizeof *s->variants);
  for (int i = 1; i < combine->job_count; i++)
    if (s->reads[i]) CVZ_TRY(add_variant(combine, s, i, error));
  return CVZ_OK;
}

/* The place of a filter in another job's layer, whose numbers ascend as well; -1 if it has none. */
static int place_of(const cvz_layer_file_info *info, int filter, int *next)
{
  while (*next < info->count && info->filters[*next] < filter) ++*next;
  return *next < info->count && info->filters[*next] == filter ? *next : -1;
}

/* One filter, out of all jobs. */
static cvz_status read_unit(void *context, int index, cvz_result *result, cvz_error *error)
{
  stack *s = context;
  CVZ_TRY(cvz_layer_read_unit(s->reads[0], index, result, error));
  if (s->own) memcpy(s->results, result->repeats, (size_t)s->own * sizeof *s->results);
  cvz_result *other = s->results + s->own;
  for (int i = 1; i < s->job_count; i++) {
    if (!s->reads[i]) continue;
    const int place = place_of(cvz_layer_read_info(s->reads[i]), result->filter, &s->next[i]);
    *other = (cvz_result){.status = CVZ_UNIT_MISSING};
    if (place >= 0) CVZ_TRY(cvz_layer_read_unit(s->reads[i], place, other, error));
    other++;
  }
  result->repeats = s->results;
  return CVZ_OK;
}

static cvz_status write_layer(stack *s, cvz_output_layer *layer, const char *out, cvz_error *error)
{
  cvz_layer_file_info info = *cvz_layer_read_info(s->reads[0]);
  info.directory = out;
  info.variants = s->variants, info.variant_count = s->count;
  return cvz_layer_write(info, (cvz_unit_source){read_unit, s}, layer, error);
}

cvz_status cvz_combine_layer(cvz_combine *combine, int index, const char *out, cvz_error *error)
{
  const cvz_results_layer *of = &combine->jobs[0].results.layers[index];
  cvz_output_layer *layer = &combine->layers[index];
  stack s = {.job_count = combine->job_count};
  *layer = (cvz_output_layer){.name = of->name, .class_name = of->class_name, .asked = of->asked, .stem = of->stem};
  snprintf(layer->shape, sizeof layer->shape, "%s", of->shape);
  cvz_status status = open_reads(combine, &s, index, error);
  if (status == CVZ_OK) status = list_variants(combine, &s, error);
  if (status == CVZ_OK) status = write_layer(&s, layer, out, error);
  for (int i = 0; s.reads && i < combine->job_count; i++) cvz_layer_read_close(s.reads[i]);
  free(s.reads);
  free(s.next);
  free(s.variants);
  free(s.results);
  return status;
}

void cvz_combine_manifest(const cvz_combine *combine, cvz_manifest *manifest)
{
  *manifest = (cvz_manifest){.layers = combine->layers,
                             .layer_count = cvz_combine_layers(combine),
                             .variants = combine->variants,
                             .variant_count = combine->job_count - 1,
                             .network = combine->network};
  manifest->attributes = attributes_of(&combine->jobs[0], &manifest->attribute_count);
}
