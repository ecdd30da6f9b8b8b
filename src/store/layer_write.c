#include "store/layer_write.h"

#include "image/grid.h"
#include "store/sheets.h"

static cvz_status put_units(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_unit_source source,
                            cvz_output_layer *layer, cvz_error *error)
{
  layer->summary = cvz_layer_summary_empty();
  for (int i = 0; i < info->count; i++) {
    cvz_result result;
    CVZ_TRY(source.read(source.context, i, &result, error));
    CVZ_TRY(cvz_layer_file_put(file, i, &result, error));
    cvz_layer_summary_add(&layer->summary, result.filter, result.status,
                          cvz_result_last_loss(result.loss, info->steps));
  }
  return CVZ_OK;
}

cvz_status cvz_layer_write(cvz_layer_file_info info, cvz_unit_source source, cvz_output_layer *layer, cvz_error *error)
{
  cvz_layer_file *file;
  cvz_grid grid;
  info.margin = CVZ_GRID_MARGIN;
  CVZ_TRY(cvz_sheets_first_grid(&grid, info.count, info.tile_width, info.tile_height, info.margin, error));
  layer->count = info.count, layer->columns = grid.columns;
  layer->tile_width = info.tile_width, layer->tile_height = info.tile_height;
  CVZ_TRY(cvz_layer_file_create(&file, &info, error));
  const cvz_status status = put_units(file, &info, source, layer, error);
  if (status == CVZ_OK) return cvz_layer_file_finish(file, error);
  cvz_layer_file_discard(file);
  return status;
}
