#include "image/png.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../base/scratch.h"

#include "png_samples.h"

enum { WIDTH = 37, HEIGHT = 23 };

static uint8_t sample(int x, int y, int c)
{
  return (uint8_t)(x * 7 + y * 13 + c * 91 + x * y);
}

static cvz_status write_picture(const char *path, int channels, int rows, cvz_error *error)
{
  uint8_t row[WIDTH * 4];
  cvz_png_writer *writer;
  FILE *stream = fopen(path, "wb");
  cvz_status status = cvz_png_begin(&writer, stream, path, WIDTH, HEIGHT, channels, error);
  assert_int_equal(status, CVZ_OK);
  for (int y = 0; y < rows; y++) {
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < channels; c++) row[x * channels + c] = sample(x, y, c);
    assert_int_equal(cvz_png_row(writer, row, error), CVZ_OK);
  }
  status = cvz_png_end(writer, error);
  fclose(stream);
  return status;
}

static void what_is_written_is_read_again(void **state)
{
  static const int kinds[] = {1, 3, 4};
  for (int i = 0; i < 3; i++) {
    const int channels = kinds[i];
    const char *path = scratch_path(state, "a.png");
    cvz_picture picture;
    cvz_error error;
    assert_int_equal(write_picture(path, channels, HEIGHT, &error), CVZ_OK);
    assert_int_equal(cvz_png_read(&picture, path, channels, &error), CVZ_OK);
    assert_int_equal(picture.width, WIDTH);
    assert_int_equal(picture.height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x++)
        for (int c = 0; c < channels; c++)
          assert_int_equal(picture.pixels[(y * WIDTH + x) * channels + c], sample(x, y, c));
    free(picture.pixels);
  }
}

static void the_same_pixels_give_the_same_bytes(void **state)
{
  cvz_error error;
  assert_int_equal(write_picture(scratch_path(state, "a.png"), 3, HEIGHT, &error), CVZ_OK);
  assert_int_equal(write_picture(scratch_path(state, "b.png"), 3, HEIGHT, &error), CVZ_OK);
  assert_true(scratch_same(scratch_path(state, "a.png"), scratch_path(state, "b.png")));
}

static void a_picture_with_missing_rows_is_given_up(void **state)
{
  cvz_error error;
  assert_int_equal(write_picture(scratch_path(state, "a.png"), 3, HEIGHT - 1, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "given up after 22 of 23 rows"));
}

static void a_full_disk_is_told_with_the_systems_words(void **state)
{
  (void)state;
  cvz_error error;
  FILE *full = fopen("/dev/full", "wb");
  if (!full) skip();
  fclose(full);
  assert_int_equal(write_picture("/dev/full", 3, HEIGHT, &error), CVZ_E_IO);
  assert_string_equal(error.text, "write '/dev/full': No space left on device");
}

static void impossible_pictures_are_out_of_range(void **state)
{
  (void)state;
  cvz_png_writer *writer;
  cvz_error error;
  assert_int_equal(cvz_png_begin(&writer, stdout, "x", 0, 1, 3, &error), CVZ_E_RANGE);
  assert_int_equal(cvz_png_begin(&writer, stdout, "x", 1, 2000000, 3, &error), CVZ_E_RANGE);
  assert_int_equal(cvz_png_begin(&writer, stdout, "x", 1, 1, 2, &error), CVZ_E_RANGE);
}

/* Every kind of file comes out as Pillow converts it. */
static void every_kind_of_png_is_read_as_pillow_does(void **state)
{
  const char *path = scratch_path(state, "a.png");
  for (size_t i = 0; i < sizeof png_samples / sizeof *png_samples; i++) {
    const png_sample *s = &png_samples[i];
    cvz_picture picture;
    cvz_error error;
    scratch_write(path, s->file, s->bytes);
    assert_int_equal(cvz_png_read(&picture, path, s->channels, &error), CVZ_OK);
    assert_int_equal(picture.width, s->width);
    assert_int_equal(picture.height, s->height);
    assert_memory_equal(picture.pixels, s->pixels, (size_t)(s->width * s->height * s->channels));
    free(picture.pixels);
  }
}

static void every_truncation_is_an_error(void **state)
{
  const char *whole = scratch_path(state, "a.png"), *cut = scratch_path(state, "b.png");
  size_t bytes = 0;
  cvz_error error;
  cvz_picture picture = {.width = 42};
  assert_int_equal(write_picture(whole, 4, HEIGHT, &error), CVZ_OK);
  char *data = scratch_read(whole, &bytes);
  for (size_t length = 0; length < bytes; length++) {
    scratch_write(cut, data, length);
    assert_int_equal(cvz_png_read(&picture, cut, 3, &error), CVZ_E_FORMAT);
  }
  assert_int_equal(picture.width, 42);
  free(data);
}

static void no_flipped_bit_does_harm(void **state)
{
  const char *whole = scratch_path(state, "a.png"), *bad = scratch_path(state, "b.png");
  size_t bytes = 0;
  cvz_error error;
  assert_int_equal(write_picture(whole, 1, HEIGHT, &error), CVZ_OK);
  char *data = scratch_read(whole, &bytes);
  for (size_t bit = 0; bit < 8 * bytes; bit++) {
    cvz_picture picture = {0};
    data[bit / 8] ^= (char)(1 << bit % 8);
    scratch_write(bad, data, bytes);
    if (cvz_png_read(&picture, bad, 4, &error) == CVZ_OK) free(picture.pixels);
    data[bit / 8] ^= (char)(1 << bit % 8);
  }
  free(data);
}

static void a_header_of_a_huge_picture_takes_no_memory(void **state)
{
  cvz_error error;
  cvz_picture picture;
  const char *path = scratch_path(state, "huge.png");
  scratch_write(path, png_huge, sizeof png_huge);
  assert_int_equal(cvz_png_read(&picture, path, 3, &error), CVZ_E_RANGE);
  assert_non_null(strstr(error.text, "100000 x 100000 pixels, expected at most 268435456 in all"));
}

static void other_files_are_no_png(void **state)
{
  cvz_error error;
  cvz_picture picture;
  const char *path = scratch_path(state, "a.png");
  scratch_write(path, "GIF89a and so on", 16);
  assert_int_equal(cvz_png_read(&picture, path, 3, &error), CVZ_E_FORMAT);
  assert_non_null(strstr(error.text, "not a PNG file"));
  assert_int_equal(cvz_png_read(&picture, scratch_path(state, "none"), 3, &error), CVZ_E_IO);
  assert_int_equal(cvz_png_read(&picture, ((scratch *)*state)->path, 3, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "Is a directory"));
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_SCRATCH(what_is_written_is_read_again),
      WITH_SCRATCH(the_same_pixels_give_the_same_bytes),
      WITH_SCRATCH(a_picture_with_missing_rows_is_given_up),
      cmocka_unit_test(a_full_disk_is_told_with_the_systems_words),
      cmocka_unit_test(impossible_pictures_are_out_of_range),
      WITH_SCRATCH(every_kind_of_png_is_read_as_pillow_does),
      WITH_SCRATCH(every_truncation_is_an_error),
      WITH_SCRATCH(no_flipped_bit_does_harm),
      WITH_SCRATCH(a_header_of_a_huge_picture_takes_no_memory),
      WITH_SCRATCH(other_files_are_no_png),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
