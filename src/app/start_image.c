#include "app/start_image.h"

#include <assert.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/trial.h"
#include "image/png.h"

#define REHEARSAL_SECONDS 20 /* of processor time */

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

static cvz_status read_dataset(const char *path, hid_t file, cvz_shape shape, float *image, cvz_error *error)
{
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
  CVZ_TRY_GOTO(check_shape(path, found, shape, error), done);
  CVZ_REQUIRE_GOTO(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, image) >= 0, done, error, CVZ_E_FORMAT,
                   "init %s: dataset 'image' cannot be read as numbers", path);
done:
  H5Sclose(space);
  H5Dclose(set);
  return status;
}

static cvz_status read_array(const char *path, cvz_shape shape, float *image, cvz_error *error)
{
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  CVZ_REQUIRE(file >= 0, error, CVZ_E_FORMAT, "init %s: cannot be read, expected a .png or an HDF5 file", path);
  const cvz_status status = read_dataset(path, file, shape, image, error);
  H5Fclose(file);
  return status;
}

/* What read_array is called with. */
typedef struct array_request {
  const char *path;
  cvz_shape shape;
  float *image;
} array_request;

static void rehearse(void *context)
{
  const array_request *request = context;
  read_array(request->path, request->shape, request->image, NULL);
}

/* A damaged file may crash the library. */
static cvz_status read_safely(const char *path, cvz_shape shape, float *image, cvz_error *error)
{
  array_request request = {path, shape, image};
  CVZ_REQUIRE(cvz_trial(rehearse, &request, REHEARSAL_SECONDS), error, CVZ_E_FORMAT,
              "init %s: is damaged, expected a sound HDF5 file: the library fails on it", path);
  return read_array(path, shape, image, error);
}

cvz_status cvz_start_image_read(const char *path, const cvz_graph *graph, cvz_shape shape, float *image,
                                cvz_error *error)
{
  const char *end = strrchr(path, '.');
  return end && !strcasecmp(end, ".png") ? read_png(path, graph, shape, image, error)
                                         : read_safely(path, shape, image, error);
}
