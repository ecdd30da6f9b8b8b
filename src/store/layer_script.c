#include "store/layer_script.h"

#include <math.h>

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

void cvz_layer_script_add(cvz_layer_script *script, cvz_unit_status status, const float *loss, int steps)
{
  float low = NAN, high = NAN;
  for (int i = 0; i < steps && isfinite(loss[i]); i++) {
    if (!(low <= loss[i])) low = loss[i];
    if (!(high >= loss[i])) high = loss[i];
  }
  cvz_text_add(&script->statuses, "%d", (int)status);
  add_number(&script->first, steps ? loss[0] : NAN);
  add_number(&script->last, cvz_result_last_loss(loss, steps));
  add_number(&script->low, low);
  add_number(&script->high, high);
  add_curve(&script->curves, loss, steps, low, high);
  script->steps = steps;
  script->units++;
}

static void add_sheets(cvz_text *text, const cvz_layer_file_info *info)
{
  const cvz_sheets sheets = cvz_sheets_divide(info->count, info->tile_width, info->tile_height);
  cvz_text_add(text, "\"tile\":[%d,%d],\"margin\":%d,\"per_sheet\":%d,\"sheets\":[", info->tile_width,
               info->tile_height, info->margin, sheets.per_sheet);
  for (int i = 0; i < sheets.count; i++) {
    char end[CVZ_SHEET_END];
    cvz_sheet_end(end, i);
    cvz_text_add(text, "%s\"%s%s\"", i ? "," : "", info->stem, end);
  }
  cvz_text_add(text, "],\n");
}

static void add_integers(cvz_text *text, const char *key, const int *values, int count)
{
  cvz_text_add(text, "\"%s\":[", key);
  for (int i = 0; i < count; i++) cvz_text_add(text, "%s%d", i ? "," : "", values[i]);
  cvz_text_add(text, "],\n");
}

static void add_list(cvz_text *text, const char *key, cvz_text *list, const char *end)
{
  text->failed |= list->failed;
  cvz_text_add(text, "\"%s\":[%s]%s\n", key, list->data ? list->data : "", end);
}

static void add_similar(cvz_text *text, const cvz_layer_script *script)
{
  if (!script->similar) return;
  cvz_text_add(text, ",\"similar\":[");
  for (int i = 0; i < script->units; i++) {
    const int *row = script->similar + (size_t)i * (size_t)script->similar_count;
    cvz_text_add(text, i ? ",[" : "[");
    for (int k = 0; k < script->similar_count && row[k] >= 0; k++) cvz_text_add(text, "%s%d", k ? "," : "", row[k]);
    cvz_text_add(text, "]");
  }
  cvz_text_add(text, "]\n");
}

static void add_scores(cvz_text *text, const cvz_layer_script *script)
{
  for (int i = 0; i < script->score_count; i++) {
    cvz_text values = {0};
    for (int k = 0; k < script->units; k++) add_number(&values, script->scores[i].values[k]);
    cvz_text_add(text, "%s\"%s\":[%s]", i ? "," : ",\"scores\":{", script->scores[i].name,
                 values.data ? values.data : "");
    text->failed |= values.failed;
    cvz_text_free(&values);
  }
  if (script->score_count) cvz_text_add(text, "}\n");
}

/* Stems and file names have no character that a script would read otherwise (job/stem.h). */
cvz_status cvz_layer_script_finish(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_text *text = &script->text;
  cvz_text_add(text, "atlas.addLayer(\"%s\",{\"format\":1,\"steps\":%d,\n", info->stem, script->steps);
  add_sheets(text, info);
  add_integers(text, "filters", info->filters, info->count);
  cvz_text_add(text, "\"statuses\":\"%s\",\n", script->statuses.data ? script->statuses.data : "");
  add_list(text, "first", &script->first, ",");
  add_list(text, "last", &script->last, ",");
  add_list(text, "low", &script->low, ",");
  add_list(text, "high", &script->high, ",");
  add_list(text, "curves", &script->curves, "");
  add_similar(text, script);
  add_scores(text, script);
  cvz_text_add(text, "});\n");
  text->failed |= script->statuses.failed;
  return cvz_text_check(text, error);
}

void cvz_layer_script_free(cvz_layer_script *script)
{
  cvz_text *const lists[] = {&script->text, &script->statuses, &script->first, &script->last,
                             &script->low,  &script->high,     &script->curves};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) cvz_text_free(lists[i]);
}
