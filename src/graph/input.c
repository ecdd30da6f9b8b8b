#include "graph/input.h"

#include <assert.h>
#include <string.h>

static const struct {
  const char *name;
  int channels; /* that it is for; 0: any, which then have the first scale and offset */
  int order[3];
  float scale[3], offset[3];
} modes[CVZ_PREPROCESS_COUNT] = {
    [CVZ_PREPROCESS_TF] = {"tf", 0, {0, 1, 2}, {2, 2, 2}, {-1, -1, -1}},
    [CVZ_PREPROCESS_CAFFE] = {"caffe", 3, {2, 1, 0}, {255, 255, 255}, {-103.939f, -116.779f, -123.68f}},
    [CVZ_PREPROCESS_TORCH] = {"torch",
                              3,
                              {0, 1, 2},
                              {1 / 0.229f, 1 / 0.224f, 1 / 0.225f},
                              {-0.485f / 0.229f, -0.456f / 0.224f, -0.406f / 0.225f}},
    [CVZ_PREPROCESS_NONE] = {"none", 0, {0, 1, 2}, {255, 255, 255}, {0, 0, 0}},
    [CVZ_PREPROCESS_UNIT] = {"unit", 0, {0, 1, 2}, {1, 1, 1}, {0, 0, 0}},
};

const char *cvz_preprocess_name(cvz_preprocess preprocess)
{
  return modes[preprocess].name;
}

cvz_status cvz_preprocess_from_name(cvz_preprocess *preprocess, const char *name, cvz_error *error)
{
  for (int i = 0; i < CVZ_PREPROCESS_COUNT; i++)
    if (!strcmp(name, modes[i].name)) return *preprocess = (cvz_preprocess)i, CVZ_OK;
  return cvz_fail(error, CVZ_E_USAGE, "preprocess: '%.200s', expected tf, caffe, torch, none or unit", name);
}

bool cvz_preprocess_fits(cvz_preprocess preprocess, int channels)
{
  return !modes[preprocess].channels || modes[preprocess].channels == channels;
}

cvz_input_range cvz_input_range_of(cvz_preprocess preprocess, int channels)
{
  assert(cvz_preprocess_fits(preprocess, channels));
  cvz_input_range range = {.channels = channels};
  for (int c = 0; c < CVZ_INPUT_COLOURS; c++) {
    const int mode = channels == 3 && c < 3 ? c : 0;
    range.order[c] = channels == 3 && c < 3 ? modes[preprocess].order[c] : c;
    range.scale[c] = modes[preprocess].scale[mode];
    range.offset[c] = modes[preprocess].offset[mode];
  }
  return range;
}

int cvz_input_picture_channels(int channels)
{
  return channels <= 2 ? 1 : channels == 4 ? 4 : 3;
}

static int order_of(const cvz_input_range *range, int channel)
{
  return channel < CVZ_INPUT_COLOURS ? range->order[channel] : channel;
}

static float scale_of(const cvz_input_range *range, int channel)
{
  return range->scale[channel < CVZ_INPUT_COLOURS ? channel : 0];
}

static float offset_of(const cvz_input_range *range, int channel)
{
  return range->offset[channel < CVZ_INPUT_COLOURS ? channel : 0];
}

int cvz_input_place(const cvz_input_range *range, int colour)
{
  for (int c = 0; c < range->channels; c++)
    if (order_of(range, c) == colour) return c;
  return colour;
}

void cvz_input_from_rgb(const cvz_input_range *range, const float *rgb, size_t pixels, float *image)
{
  const size_t channels = (size_t)range->channels;
  for (int c = 0; c < range->channels; c++) {
    const float scale = scale_of(range, c), offset = offset_of(range, c);
    const float *from = rgb + order_of(range, c);
    for (size_t i = 0; i < pixels; i++) image[i * channels + (size_t)c] = scale * from[i * channels] + offset;
  }
}

void cvz_input_to_rgb(const cvz_input_range *range, const float *image, size_t pixels, float *rgb)
{
  const size_t channels = (size_t)range->channels;
  for (int c = 0; c < range->channels; c++) {
    const float scale = scale_of(range, c), offset = offset_of(range, c);
    float *to = rgb + order_of(range, c);
    for (size_t i = 0; i < pixels; i++) to[i * channels] = (image[i * channels + (size_t)c] - offset) / scale;
  }
}

void cvz_input_gradient(const cvz_input_range *range, const float *image_gradient, size_t pixels, float *rgb_gradient)
{
  const size_t channels = (size_t)range->channels;
  for (int c = 0; c < range->channels; c++) {
    float *to = rgb_gradient + order_of(range, c);
    for (size_t i = 0; i < pixels; i++)
      to[i * channels] = scale_of(range, c) * image_gradient[i * channels + (size_t)c];
  }
}

void cvz_input_clip(const cvz_input_range *range, size_t pixels, float *image)
{
  const size_t channels = (size_t)range->channels;
  for (int c = 0; c < range->channels; c++) {
    const float low = offset_of(range, c), high = scale_of(range, c) + low;
    float *value = image + c;
    for (size_t i = 0; i < pixels; i++, value += channels) *value = *value < low ? low : *value > high ? high : *value;
  }
}
