/* Layers and functions that change the size of a map. */
#include <string.h>

#include "model/operation.h"
#include "model/option.h"

static cvz_status read_interpolation(cvz_reading *r, const char *otherwise, cvz_resize *resize, cvz_error *error)
{
  static const char *const names[] = {[CVZ_NEAREST] = "nearest",
                                      [CVZ_BILINEAR] = "bilinear",
                                      [CVZ_BICUBIC] = "bicubic",
                                      [CVZ_LANCZOS3] = "lanczos3",
                                      [CVZ_LANCZOS5] = "lanczos5"};
  const char *name = otherwise;
  CVZ_TRY(cvz_option_text(r->layer, "interpolation", &name, error));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i])) continue;
    resize->interpolation = (cvz_interpolation)i;
    return CVZ_OK;
  }
  return cvz_option_fail(r->layer, "interpolation", CVZ_E_UNSUPPORTED,
                         "\"nearest\", \"bilinear\", \"bicubic\", \"lanczos3\" or \"lanczos5\"", error);
}

cvz_status cvz_layer_read_upsampling(cvz_reading *r, cvz_error *error)
{
  cvz_resize resize = {{2, 2}, {0, 0}, CVZ_NEAREST, false};
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_option_pair(r->layer, "size", 1, resize.factor, error));
  CVZ_TRY(read_interpolation(r, "nearest", &resize, error));
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESIZE, .resize = resize}, error);
}

static cvz_status require_false(const cvz_reading *r, const char *key, cvz_error *error)
{
  bool value = false;
  CVZ_TRY(cvz_option_bool(r->layer, key, &value, error));
  return value ? cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, "false", error) : CVZ_OK;
}

/* To the sizes that are set in `resize`. */
static cvz_status add_resizing(cvz_reading *r, cvz_resize resize, cvz_error *error)
{
  CVZ_TRY(require_false(r, "crop_to_aspect_ratio", error));
  CVZ_TRY(require_false(r, "pad_to_aspect_ratio", error));
  CVZ_TRY(cvz_option_bool(r->layer, "antialias", &resize.antialias, error));
  CVZ_TRY(read_interpolation(r, "bilinear", &resize, error));
  CVZ_TRY(cvz_layer_order_image(r, error));
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESIZE, .resize = resize}, error);
}

cvz_status cvz_layer_read_resizing(cvz_reading *r, cvz_error *error)
{
  cvz_resize resize = {{1, 1}, {0, 0}, CVZ_BILINEAR, false};
  CVZ_TRY(cvz_layer_required(r->layer, "height", &resize.size[0], error));
  CVZ_TRY(cvz_layer_required(r->layer, "width", &resize.size[1], error));
  return add_resizing(r, resize, error);
}

cvz_status cvz_operation_resize(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  cvz_resize resize = {{1, 1}, {0, 0}, CVZ_BILINEAR, false};
  CVZ_TRY(cvz_option_pair(r->layer, "size", 1, resize.size, error));
  if (!resize.size[0]) return cvz_option_fail(r->layer, "size", CVZ_E_FORMAT, "one or two whole numbers", error);
  return add_resizing(r, resize, error);
}
