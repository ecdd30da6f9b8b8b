#include "store/layer_script.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "store/json.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define LEVELS 4096 /* two digits of 64 */

/* JSON and JavaScript literals have no number that is not finite. */
static void add_number(cvz_text *list, float value)
{
  if (list->length) cvz_text_add(list, ",");
  if (isfinite(value))
    cvz_text_add(list, "%.6g", (double)value);
  else
    cvz_text_add(list, "null");
}

static int curve_points(int steps)
{
  return steps < CVZ_CURVE_POINTS ? steps : CVZ_CURVE_POINTS;
}

/* Evenly spread over the steps, the first and the last among them. */
static int step_of_point(int point, int steps)
{
  const int points = curve_points(steps);
  return points < 2 ? 0 : (int)((int64_t)point * (steps - 1) / (points - 1));
}

/* Points until the unit stopped, each as a share of the way from the lowest loss to the highest. */
static void add_curve(cvz_text *curves, const float *loss, int steps, float low, float high)
{
  const double scale = high > low ? (LEVELS - 1) / ((double)high - low) : 0;
  cvz_text_add(curves, curves->length ? ",\"" : "\"");
  for (int i = 0; i < curve_points(steps); i++) {
    const float value = loss[step_of_point(i, steps)];
    if (!isfinite(value)) break;
    const int level = (int)lround(((double)value - low) * scale);
    const char pair[] = {digits[level / 64], digits[level % 64]};
    cvz_text_add_bytes(curves, pair, sizeof pair);
  }
  cvz_text_add(curves, "\"");
}

cvz_status cvz_layer_script_start(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error)
{
  script->list_count = 1 + info->variant_count;
  script->lists = cvz_array((size_t)script->list_count, sizeof *script->lists, error);
  return script->lists ? CVZ_OK : CVZ_E_MEMORY;
}

static void add_unit(cvz_script_lists *lists, const cvz_layer_variant *of, const cvz_result *result)
{
  int steps = of->steps;
  const bool missing = result->status == CVZ_UNIT_MISSING;
  float low = NAN, high = NAN;
  if (missing) steps = 0;
  for (int i = 0; i < steps && isfinite(result->loss[i]); i++) {
    if (!(low <= result->loss[i])) low = result->loss[i];
    if (!(high >= result->loss[i])) high = result->loss[i];
  }
  cvz_text_add(&lists->statuses, "%d", (int)result->status);
  add_number(&lists->first, steps ? result->loss[0] : NAN);
  add_number(&lists->last, steps ? cvz_result_last_loss(result->loss, steps) : NAN);
  add_number(&lists->score, missing ? NAN : result->score);
  add_number(&lists->low, low);
  add_number(&lists->high, high);
  add_curve(&lists->curves, result->loss, steps, low, high);
  if (!of->noise) return;
  add_number(&lists->noise_mean, result->noise_mean);
  add_number(&lists->noise_deviation, result->noise_deviation);
}

void cvz_layer_script_add(cvz_layer_script *script, const cvz_layer_file_info *info, const cvz_result *result)
{
  const cvz_layer_variant own = cvz_layer_main(info);
  add_unit(&script->lists[0], &own, result);
  for (int k = 1; k < script->list_count; k++)
    add_unit(&script->lists[k], &info->variants[k - 1], &result->repeats[k - 1]);
  script->units++;
}

static void add_sheets(cvz_text *text, const cvz_layer_file_info *info, const cvz_layer_variant *of)
{
  const cvz_sheets sheets = cvz_sheets_divide(info->count, of->tile_width, of->tile_height);
  cvz_text_add(text, "\"steps\":%d,\n\"tile\":[%d,%d],\"margin\":%d,\"per_sheet\":%d,\"sheets\":[", of->steps,
               of->tile_width, of->tile_height, info->margin, sheets.per_sheet);
  for (int i = 0; i < sheets.count; i++) {
    char end[CVZ_SHEET_END];
    cvz_sheet_end(end, of->name, i, ".png");
    cvz_text_add(text, "%s\"%s%s\"", i ? "," : "", info->stem, end);
  }
  cvz_text_add(text, "],\n");
  if (of->frames) cvz_text_add(text, "\"frames\":%d,\n", of->frames);
}

static void add_integers(cvz_text *text, const char *key, const int *values, int count)
{
  cvz_text_add(text, "\"%s\":[", key);
  for (int i = 0; i < count; i++) cvz_text_add(text, "%s%d", i ? "," : "", values[i]);
  cvz_text_add(text, "],\n");
}

/* A list that was gathered, behind what stands before it. */
static void add_list(cvz_text *text, const char *before, const cvz_text *list)
{
  text->failed |= list->failed;
  cvz_text_add(text, "%s:[%s]", before, list->data ? list->data : "");
}

/* What there is of each list of pictures. */
static void add_pictures(cvz_text *text, const cvz_layer_file_info *info, const cvz_layer_variant *of,
                         const cvz_script_lists *lists)
{
  add_sheets(text, info, of);
  cvz_text_add(text, "\"statuses\":\"%s\"", lists->statuses.data ? lists->statuses.data : "");
  text->failed |= lists->statuses.failed;
  add_list(text, ",\n\"first\"", &lists->first);
  add_list(text, ",\n\"last\"", &lists->last);
  add_list(text, ",\n\"score\"", &lists->score);
  add_list(text, ",\n\"low\"", &lists->low);
  add_list(text, ",\n\"high\"", &lists->high);
  add_list(text, ",\n\"curves\"", &lists->curves);
  if (!of->noise) return;
  add_list(text, ",\n\"noise_mean\"", &lists->noise_mean);
  add_list(text, ",\n\"noise_deviation\"", &lists->noise_deviation);
}

static void add_variants(cvz_text *text, const cvz_layer_script *script, const cvz_layer_file_info *info)
{
  for (int i = 0; i < info->variant_count; i++) {
    cvz_text_add(text, "%s{\"name\":\"%s\",", i ? ",\n" : ",\n\"variants\":[", info->variants[i].name);
    add_pictures(text, info, &info->variants[i], &script->lists[i + 1]);
    cvz_text_add(text, "}");
  }
  if (info->variant_count) cvz_text_add(text, "]");
}

/* Names of any origin: in ASCII, as a script may have them. */
static void add_labels(cvz_text *text, const cvz_layer_file_info *info)
{
  if (!info->labels) return;
  json_t *labels = json_array();
  bool complete = labels;
  for (int i = 0; complete && i < info->count; i++)
    complete = !json_array_append_new(labels, cvz_json_text(info->labels[i]));
  char *made = complete ? json_dumps(labels, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
  if (made)
    cvz_text_add(text, "\"labels\":%s,\n", made);
  else
    text->failed = 1;
  free(made);
  json_decref(labels);
}

static void add_similar(cvz_text *text, const cvz_layer_script *script)
{
  if (!script->similar) return;
  cvz_text_add(text, ",\n\"similar\":[");
  for (int i = 0; i < script->units; i++) {
    const int *row = script->similar + (size_t)i * (size_t)script->similar_count;
    cvz_text_add(text, i ? ",[" : "[");
    for (int k = 0; k < script->similar_count && row[k] >= 0; k++) cvz_text_add(text, "%s%d", k ? "," : "", row[k]);
    cvz_text_add(text, "]");
  }
  cvz_text_add(text, "]");
}

static void add_scores(cvz_text *text, const cvz_layer_script *script)
{
  for (int i = 0; i < script->score_count; i++) {
    cvz_text values = {0};
    for (int k = 0; k < script->units; k++) add_number(&values, script->scores[i].values[k]);
    cvz_text_add(text, "%s\"%s\":[%s]", i ? "," : ",\n\"scores\":{", script->scores[i].name,
                 values.data ? values.data : "");
    text->failed |= values.failed;
    cvz_text_free(&values);
  }
  if (script->score_count) cvz_text_add(text, "}");
}

/* Stems and names of variants have no character that a script would read otherwise (job/stem.h). */
cvz_status cvz_layer_script_finish(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_text *text = &script->text;
  const cvz_layer_variant own = cvz_layer_main(info);
  cvz_text_add(text, "atlas.addLayer(\"%s\",{\"format\":1,\n", info->stem);
  add_integers(text, "filters", info->filters, info->count);
  add_labels(text, info);
  add_pictures(text, info, &own, &script->lists[0]);
  add_similar(text, script);
  add_scores(text, script);
  add_variants(text, script, info);
  cvz_text_add(text, "});\n");
  return cvz_text_check(text, error);
}

static void free_lists(cvz_script_lists *lists)
{
  cvz_text *const all[] = {&lists->statuses, &lists->first,  &lists->last,       &lists->score,          &lists->low,
                           &lists->high,     &lists->curves, &lists->noise_mean, &lists->noise_deviation};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) cvz_text_free(all[i]);
}

void cvz_layer_script_free(cvz_layer_script *script)
{
  for (int k = 0; script->lists && k < script->list_count; k++) free_lists(&script->lists[k]);
  free(script->lists);
  cvz_text_free(&script->text);
}
