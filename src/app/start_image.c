#include "app/start_image.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/array_file.h"
#include "base/memory.h"
#include "image/png.h"

void cvz_start_image_map(const cvz_graph *graph, const uint8_t *pixels, int stored, size_t count, float *image)
{
  const cvz_input_range range = cvz_graph_input_range(graph);
  float rgb[CVZ_INPUT_COLOURS];
  assert(cvz_input_picture_channels(range.channels) == range.channels && stored >= range.channels);
  for (size_t i = 0; i < count; i++, pixels += stored, image += range.channels) {
    for (int c = 0; c < range.channels; c++) rgb[c] = (float)pixels[c] / 255.0f;
    cvz_input_from_rgb(&range, rgb, 1, image);
  }
}

static cvz_status check_shape(const char *path, cvz_shape found, cvz_shape wanted, cvz_error *error)
{
  char a[64], b[64];
  cvz_shape_text(found, a, sizeof a);
  cvz_shape_text(wanted, b, sizeof b);
  CVZ_REQUIRE(cvz_shape_equal(found, wanted), error, CVZ_E_FORMAT, "init %s: an image of %s, expected %s (see --size)",
              path, a, b);
  return CVZ_OK;
}

static cvz_status read_png(const char *path, const cvz_graph *graph, cvz_shape shape, float *image, cvz_error *error)
{
  cvz_picture picture;
  CVZ_REQUIRE(cvz_input_picture_channels(shape.channels) == shape.channels, error, CVZ_E_USAGE,
              "init %s: a picture, expected an array (.h5): the network's image has %d channels", path, shape.channels);
  CVZ_TRY(cvz_png_read(&picture, path, shape.channels, error));
  const cvz_shape found = {3, picture.height, picture.width, picture.channels};
  const cvz_status status = check_shape(path, found, shape, error);
  if (status == CVZ_OK)
    cvz_start_image_map(graph, picture.pixels, shape.channels, cvz_shape_count(shape) / (size_t)shape.channels, image);
  free(picture.pixels);
  return status;
}

/* What read_array fills. */
typedef struct array_request {
  cvz_shape shape;
  float *image;
} array_request;

static cvz_status read_array(hid_t file, const char *path, void *request, cvz_error *error)
{
  const array_request *wanted = request;
  cvz_status status = CVZ_OK;
  hid_t space = H5I_INVALID_HID;
  const hid_t set = H5Dopen2(file, "image", H5P_DEFAULT);
  CVZ_REQUIRE(set >= 0, error, CVZ_E_FORMAT, "init %s: no dataset 'image', expected one of float32 (H, W, C)", path);
  hsize_t dims[3] = {0};
  space = H5Dget_space(set);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank == 3) H5Sget_simple_extent_dims(space, dims, NULL);
  CVZ_REQUIRE_GOTO(rank == 3, done, error, CVZ_E_FORMAT,
                   "init %s: dataset 'image' has %d dimensions, expected (height, width, channels)", path, rank);
  for (int i = 0; i < 3; i++)
    if (dims[i] > CVZ_DIMENSION_MAX) dims[i] = CVZ_DIMENSION_MAX;
  const cvz_shape found = {3, (int)dims[0], (int)dims[1], (int)dims[2]};
  CVZ_TRY_GOTO(check_shape(path, found, wanted->shape, error), done);
  CVZ_REQUIRE_GOTO(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, wanted->image) >= 0, done, error,
                   CVZ_E_FORMAT, "init %s: dataset 'image' cannot be read as numbers", path);
done:
  H5Sclose(space);
  H5Dclose(set);
  return status;
}

cvz_status cvz_start_image_read(float **image, const char *path, const cvz_graph *graph, cvz_shape shape,
                                cvz_error *error)
{
  const char *end = strrchr(path, '.');
  *image = cvz_array(cvz_shape_count(shape), sizeof **image, error);
  if (!*image) return CVZ_E_MEMORY;
  if (end && !strcasecmp(end, ".png")) return read_png(path, graph, shape, *image, error);
  CVZ_REQUIRE(cvz_array_file_is(path), error, CVZ_E_FORMAT, "init %s: cannot be read, expected a .png or an HDF5 file",
              path);
  return cvz_array_file_read("init", path, read_array, &(array_request){shape, *image}, error);
}
