#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/grid.h"
#include "store/layer_file_parts.h"
#include "store/layer_script.h"
#include "store/layer_summary.h"
#include "store/sheets.h"

/* The tiles of one of the layer's lists of pictures. */
typedef struct tiles {
  const cvz_layer_file *file;
  int pictures;
} tiles;

static cvz_status read_tile(void *context, int index, uint8_t *tile, cvz_error *error)
{
  const tiles *of = context;
  const size_t bytes = cvz_layer_tile_bytes(of->file, of->pictures);
  const uint64_t offset = of->file->layout.pictures[of->pictures].tiles + (uint64_t)index * bytes;
  return cvz_layer_file_get(of->file, offset, tile, bytes, error);
}

/* Gives a file that was made its name; one that was not is removed. */
static cvz_status settle(const cvz_named_file *file, cvz_status made, cvz_error *error)
{
  if (made == CVZ_OK) return cvz_file_publish(file->temporary, file->path, error);
  unlink(file->temporary);
  return made;
}

static cvz_sheets sheets_of(const cvz_layer_file *file, int pictures)
{
  return cvz_sheets_divide(file->info.count, file->pictures[pictures].tile_width, file->pictures[pictures].tile_height);
}

static cvz_status write_sheet(cvz_layer_file *file, int pictures, int sheet, cvz_error *error)
{
  const cvz_layer_variant *of = &file->pictures[pictures];
  const cvz_sheets sheets = sheets_of(file, pictures);
  tiles from = {file, pictures};
  const cvz_tile_source source = {read_tile, &from, file->info.channels};
  const int first = sheet * sheets.per_sheet, count = cvz_sheet_tiles(sheets, sheet, file->info.count);
  cvz_named_file png;
  cvz_grid grid;
  char end[CVZ_SHEET_END];
  cvz_sheet_end(end, of->name, sheet, ".png");
  CVZ_TRY(cvz_layer_file_name(&png, &file->info, "layers", end, error));
  CVZ_TRY(cvz_grid_layout(&grid, count, of->tile_width, of->tile_height, file->info.margin, error));
  return settle(&png, cvz_stitch(&source, &grid, first, count, png.temporary, png.path, error), error);
}

static cvz_status write_sheets(cvz_layer_file *file, cvz_error *error)
{
  for (int k = 0; k < file->layout.count; k++)
    for (int sheet = 0; sheet < sheets_of(file, k).count; sheet++) {
      CVZ_TRY(write_sheet(file, k, sheet, error));
      if (file->pictures[k].frames) CVZ_TRY(cvz_layer_animation_write(file, k, sheet, error));
    }
  return CVZ_OK;
}

/* Reads back how a unit ended: what the script tells of it, without its picture. */
static cvz_status read_numbers(const cvz_layer_file *file, int pictures, int index, float *loss, cvz_result *result,
                               cvz_error *error)
{
  const cvz_layer_datasets *places = &file->layout.pictures[pictures];
  const size_t bytes = (size_t)file->pictures[pictures].steps * sizeof(float);
  const uint64_t i = (uint64_t)index, number = i * sizeof(float);
  uint8_t ended;
  if (file->pictures[pictures].noise) {
    CVZ_TRY(cvz_layer_file_get(file, places->noise_mean + number, &result->noise_mean, sizeof(float), error));
    CVZ_TRY(cvz_layer_file_get(file, places->noise_deviation + number, &result->noise_deviation, sizeof(float), error));
  }
  CVZ_TRY(cvz_layer_file_get(file, places->loss + i * bytes, loss, bytes, error));
  CVZ_TRY(cvz_layer_file_get(file, places->score + number, &result->score, sizeof(float), error));
  CVZ_TRY(cvz_layer_file_get(file, places->status + i, &ended, 1, error));
  result->status = (cvz_unit_status)ended;
  result->loss = loss;
  return CVZ_OK;
}

/* Room for one unit. */
typedef struct reading {
  float **losses; /* of each list of pictures */
  cvz_result own, *variants;
} reading;

static void reading_free(reading *r, int count)
{
  for (int k = 0; r->losses && k < count; k++) free(r->losses[k]);
  free(r->losses);
  free(r->variants);
}

static cvz_status reading_create(reading *r, const cvz_layer_file *file, cvz_error *error)
{
  r->losses = cvz_array((size_t)file->layout.count, sizeof *r->losses, error);
  r->variants = cvz_array((size_t)file->layout.count, sizeof *r->variants, error);
  if (!r->losses || !r->variants) return CVZ_E_MEMORY;
  r->own.repeats = r->variants;
  for (int k = 0; k < file->layout.count; k++) {
    r->losses[k] = cvz_array((size_t)file->pictures[k].steps, sizeof(float), error);
    if (!r->losses[k]) return CVZ_E_MEMORY;
  }
  return CVZ_OK;
}

static cvz_status read_unit(const cvz_layer_file *file, int index, reading *r, cvz_error *error)
{
  for (int k = 0; k < file->layout.count; k++)
    CVZ_TRY(read_numbers(file, k, index, r->losses[k], k ? &r->variants[k - 1] : &r->own, error));
  return CVZ_OK;
}

static cvz_status review(const cvz_layer_file *file, cvz_layer_summary *summary, cvz_layer_script *script,
                         cvz_error *error)
{
  reading r = {0};
  cvz_status status = reading_create(&r, file, error);
  *summary = cvz_layer_summary_empty();
  for (int i = 0; status == CVZ_OK && i < file->info.count; i++) {
    CVZ_TRY_GOTO(read_unit(file, i, &r, error), done);
    cvz_layer_summary_add(summary, i, r.own.status, cvz_result_last_loss(r.own.loss, file->info.steps));
    cvz_layer_script_add(script, &file->info, &r.own);
  }
done:
  reading_free(&r, file->layout.count);
  return status;
}

/* What the atlas shows of the layer before its sheets are loaded; the summary has places, not filters. */
static cvz_status write_strip(cvz_layer_file *file, const cvz_layer_summary *summary, cvz_error *error)
{
  tiles from = {file, 0};
  const cvz_tile_source source = {read_tile, &from, file->info.channels};
  cvz_named_file png;
  if (!summary->best_count) return CVZ_OK;
  CVZ_TRY(cvz_layer_file_name(&png, &file->info, "site/layers", ".png", error));
  return settle(&png,
                cvz_strip_write(&source, file->info.tile_width, file->info.tile_height, summary->best,
                                summary->best_count, png.temporary, png.path, error),
                error);
}

static cvz_status write_script(const cvz_layer_file *file, cvz_layer_script *script, cvz_error *error)
{
  cvz_named_file js;
  CVZ_TRY(cvz_layer_file_name(&js, &file->info, "site/layers", ".js", error));
  CVZ_TRY(cvz_layer_script_finish(script, &file->info, error));
  return cvz_file_write(js.path, script->text.data, script->text.length, error);
}

cvz_status cvz_layer_pages_write(cvz_layer_file *file, cvz_error *error)
{
  cvz_layer_script script = {.scores = file->scores, .score_count = file->score_count};
  cvz_layer_summary summary;
  CVZ_TRY(write_sheets(file, error));
  cvz_status status = cvz_layer_script_start(&script, &file->info, error);
  if (status == CVZ_OK) status = review(file, &summary, &script, error);
  if (status == CVZ_OK) status = write_strip(file, &summary, error);
  if (status == CVZ_OK) status = write_script(file, &script, error);
  cvz_layer_script_free(&script);
  return status;
}

static void unlink_file(const cvz_layer_file *file, const char *folder, const char *end)
{
  cvz_named_file name;
  if (cvz_layer_file_name(&name, &file->info, folder, end, NULL) == CVZ_OK) unlink(name.path);
}

void cvz_layer_pages_remove(const cvz_layer_file *file)
{
  char end[CVZ_SHEET_END];
  for (int k = 0; k < file->layout.count; k++)
    for (int sheet = 0; sheet < sheets_of(file, k).count; sheet++) {
      for (int i = 0; i < 2; i++) {
        cvz_sheet_end(end, file->pictures[k].name, sheet, i ? ".apng" : ".png");
        unlink_file(file, "layers", end);
      }
    }
  unlink_file(file, "site/layers", ".png");
  unlink_file(file, "site/layers", ".js");
}
