#include "store/diff.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "image/grid.h"
#include "store/layer_read.h"
#include "store/sheets.h"

#define GAP 2 /* pixels between the two of a pair */

/* One layer of both. */
typedef struct pairing {
  cvz_layer_read *reads[2];
  int count;
  int *filters, (*places)[2];
  const char **labels; /* lent by A; NULL: none */
  float *scores[3];    /* of A, of B, B less A */
  uint8_t *tile;       /* a pair */
} pairing;

static const char *const score_names[] = {"activation in A", "activation in B", "change from A to B"};

static void pairing_free(pairing *p)
{
  for (int i = 0; i < 2; i++) cvz_layer_read_close(p->reads[i]);
  for (int i = 0; i < 3; i++) free(p->scores[i]);
  free(p->filters);
  free(p->places);
  free(p->labels);
  free(p->tile);
}

/* A's names of the filters of both. */
static cvz_status take_labels(pairing *p, cvz_error *error)
{
  const char *const *labels = cvz_layer_read_info(p->reads[0])->labels;
  if (!labels) return CVZ_OK;
  p->labels = cvz_array((size_t)p->count, sizeof *p->labels, error);
  if (!p->labels) return CVZ_E_MEMORY;
  for (int i = 0; i < p->count; i++) p->labels[i] = labels[p->places[i][0]];
  return CVZ_OK;
}

/* The filters of both, ascending as in both files. */
static void match_filters(pairing *p)
{
  const cvz_layer_file_info *a = cvz_layer_read_info(p->reads[0]), *b = cvz_layer_read_info(p->reads[1]);
  for (int i = 0, k = 0; i < a->count && k < b->count;) {
    if (a->filters[i] == b->filters[k]) {
      p->places[p->count][0] = i, p->places[p->count][1] = k;
      p->filters[p->count++] = a->filters[i];
    }
    const int step = a->filters[i] - b->filters[k];
    i += step <= 0, k += step >= 0;
  }
}

static cvz_status pairing_open(pairing *p, const cvz_diff_list *list, const char *const stems[2], cvz_error *error)
{
  for (int i = 0; i < 2; i++) CVZ_TRY(cvz_layer_read_open(&p->reads[i], list->directories[i], stems[i], error));
  const cvz_layer_file_info *a = cvz_layer_read_info(p->reads[0]), *b = cvz_layer_read_info(p->reads[1]);
  CVZ_REQUIRE(a->tile_height == b->tile_height && a->tile_width == b->tile_width && a->channels == b->channels, error,
              CVZ_E_USAGE, "diff: layer '%s': pictures of %d x %d x %d and of %d x %d x %d, expected the same size",
              stems[0], a->tile_height, a->tile_width, a->channels, b->tile_height, b->tile_width, b->channels);
  const size_t n = (size_t)a->count, width = 2 * (size_t)a->tile_width + GAP;
  p->filters = cvz_array(n, sizeof *p->filters, error);
  p->places = cvz_array(n, sizeof *p->places, error);
  p->tile = cvz_array((size_t)a->tile_height, width * (size_t)a->channels, error);
  for (int i = 0; i < 3; i++) p->scores[i] = cvz_array(n, sizeof(float), error);
  if (!p->filters || !p->places || !p->tile || !p->scores[0] || !p->scores[1] || !p->scores[2]) return CVZ_E_MEMORY;
  match_filters(p);
  return take_labels(p, error);
}

/* Beside each other in `pair`, and how far they are apart. */
static float put_pair(const cvz_layer_file_info *info, const uint8_t *a, const uint8_t *b, uint8_t *pair)
{
  const size_t row = (size_t)info->tile_width * (size_t)info->channels;
  const size_t pair_row = 2 * row + GAP * (size_t)info->channels;
  double sum = 0;
  for (size_t y = 0; y < (size_t)info->tile_height; y++) {
    memcpy(pair + y * pair_row, a + y * row, row);
    memcpy(pair + (y + 1) * pair_row - row, b + y * row, row);
    for (size_t i = 0; i < row; i++) {
      const double apart = ((double)a[y * row + i] - b[y * row + i]) / 255;
      sum += apart * apart;
    }
  }
  return (float)sqrt(sum / ((double)row * info->tile_height));
}

static cvz_status compare(pairing *p, int index, cvz_diff_entry *entry, cvz_unit_status *ended, cvz_error *error)
{
  const cvz_layer_file_info *info = cvz_layer_read_info(p->reads[0]);
  cvz_result results[2];
  for (int i = 0; i < 2; i++) {
    CVZ_TRY(cvz_layer_read_unit(p->reads[i], p->places[index][i], &results[i], error));
    const int steps = cvz_layer_read_info(p->reads[i])->steps;
    p->scores[i][index] = entry->loss[i] = cvz_result_last_loss(results[i].loss, steps);
  }
  p->scores[2][index] = entry->loss[1] - entry->loss[0];
  entry->filter = p->filters[index];
  entry->distance = put_pair(info, results[0].tile, results[1].tile, p->tile);
  *ended = results[results[0].status == CVZ_UNIT_OK].status;
  entry->status = cvz_unit_status_name(*ended);
  return CVZ_OK;
}

/* The pair's own loss is its distance, so that the most different stand for the layer. */
static cvz_status put_entry(cvz_layer_file *file, const pairing *p, int index, const cvz_diff_entry *entry,
                            cvz_unit_status ended, cvz_output_layer *output, cvz_error *error)
{
  const cvz_result result = {.filter = entry->filter,
                             .status = ended,
                             .tile = p->tile,
                             .loss = &entry->distance,
                             .score = NAN,
                             .noise_mean = NAN,
                             .noise_deviation = NAN};
  cvz_layer_summary_add(&output->summary, entry->filter, ended, entry->distance);
  return cvz_layer_file_put(file, index, &result, error);
}

static cvz_status compare_all(cvz_diff_list *list, int layer, pairing *p, cvz_layer_file *file, cvz_error *error)
{
  for (int i = 0; i < p->count; i++) {
    cvz_diff_entry entry = {.layer = layer};
    cvz_unit_status ended;
    CVZ_TRY(compare(p, i, &entry, &ended, error));
    CVZ_TRY(cvz_grow((void **)&list->entries, &list->room, (size_t)list->count, sizeof *list->entries, error));
    list->entries[list->count++] = entry;
    if (file) CVZ_TRY(put_entry(file, p, i, &entry, ended, &list->layers[layer], error));
  }
  return CVZ_OK;
}

static cvz_status create_file(cvz_layer_file **file, const pairing *p, const char *out, const char *stem,
                              cvz_error *error)
{
  cvz_layer_file_info info = *cvz_layer_read_info(p->reads[0]);
  info.directory = out, info.stem = stem;
  info.filters = p->filters, info.count = p->count;
  info.tile_width = 2 * info.tile_width + GAP;
  info.steps = 1, info.keep_raw = false, info.frames = 0, info.margin = CVZ_GRID_MARGIN;
  info.variants = NULL, info.variant_count = 0, info.labels = p->labels;
  return cvz_layer_file_create(file, &info, error);
}

/* The pages need no .h5, and what is in it is no layer's data. */
static cvz_status finish_file(cvz_layer_file *file, const pairing *p, const char *out, const char *stem,
                              cvz_error *error)
{
  char path[PATH_MAX];
  cvz_layer_score scores[3];
  for (int i = 0; i < 3; i++) scores[i] = (cvz_layer_score){score_names[i], p->scores[i]};
  cvz_layer_file_scores(file, scores, 3);
  CVZ_TRY(cvz_layer_file_finish(file, error));
  snprintf(path, sizeof path, "%s/layers/%s.h5", out, stem);
  unlink(path);
  return CVZ_OK;
}

static cvz_status write_pairs(cvz_diff_list *list, int layer, pairing *p, const char *out, cvz_error *error)
{
  const cvz_results_layer *of = &list->results[0].layers[layer];
  cvz_output_layer *output = &list->layers[layer];
  cvz_layer_file *file;
  *output = (cvz_output_layer){
      .name = of->name, .class_name = of->class_name, .asked = of->asked, .stem = of->stem, .count = p->count};
  snprintf(output->shape, sizeof output->shape, "%s", of->shape);
  output->tile_width = 2 * cvz_layer_read_info(p->reads[0])->tile_width + GAP;
  output->tile_height = cvz_layer_read_info(p->reads[0])->tile_height;
  output->summary = cvz_layer_summary_empty();
  CVZ_TRY(create_file(&file, p, out, of->stem, error));
  const cvz_status status = compare_all(list, layer, p, file, error);
  if (status == CVZ_OK) return finish_file(file, p, out, of->stem, error);
  cvz_layer_file_discard(file);
  return status;
}

static cvz_status compare_layer(cvz_diff_list *list, int layer, const char *out, cvz_error *error)
{
  const cvz_results_layer *a = &list->results[0].layers[layer], *b = cvz_results_find(&list->results[1], a->name);
  const char *const stems[] = {a->stem, b ? b->stem : ""};
  pairing p = {0};
  if (!b) return CVZ_OK;
  cvz_status status = pairing_open(&p, list, stems, error);
  if (status == CVZ_OK && p.count)
    status = out ? write_pairs(list, layer, &p, out, error) : compare_all(list, layer, &p, NULL, error);
  pairing_free(&p);
  return status;
}

cvz_status cvz_diff_open(cvz_diff_list *list, const char *a, const char *b, cvz_error *error)
{
  list->directories[0] = a, list->directories[1] = b;
  for (int i = 0; i < 2; i++) CVZ_TRY(cvz_results_open(&list->results[i], list->directories[i], "diff", error));
  list->layers = cvz_array((size_t)list->results[0].layer_count, sizeof *list->layers, error);
  return list->layers ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_diff_make(cvz_diff_list *list, const char *out, cvz_error *error)
{
  for (int i = 0; i < list->results[0].layer_count; i++) CVZ_TRY(compare_layer(list, i, out, error));
  CVZ_REQUIRE(list->count, error, CVZ_E_USAGE, "diff: '%s' and '%s' have no filter in common", list->directories[0],
              list->directories[1]);
  return CVZ_OK;
}

static int by_falling_distance(const void *a, const void *b)
{
  const cvz_diff_entry *x = a, *y = b;
  if (x->distance != y->distance) return x->distance < y->distance ? 1 : -1;
  if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
  return (x->filter > y->filter) - (x->filter < y->filter);
}

void cvz_diff_sort(cvz_diff_list *list)
{
  qsort(list->entries, (size_t)list->count, sizeof *list->entries, by_falling_distance);
}

void cvz_diff_free(cvz_diff_list *list)
{
  for (int i = 0; i < 2; i++) cvz_results_close(&list->results[i]);
  free(list->entries);
  free(list->layers);
  *list = (cvz_diff_list){0};
}
