#include "image/png.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "image/grid.h"

#define SIGNATURE_BYTES 8

/* libpng reports by longjmp. Every call to it stands in a function of its own, which only calls setjmp and touches no
 * local variable after it: all state is in the struct. */
struct cvz_png_writer {
  png_structp png;
  png_infop info;
  FILE *stream;
  const char *name;
  int height, rows; /* rows: written so far */
  int code;         /* errno of the failed write, 0 if none */
  char message[128];
};

static void on_writer_error(png_structp png, png_const_charp message)
{
  cvz_png_writer *writer = png_get_error_ptr(png);
  snprintf(writer->message, sizeof writer->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
  (void)png, (void)message;
}

static void put_bytes(png_structp png, png_bytep bytes, size_t count)
{
  cvz_png_writer *writer = png_get_io_ptr(png);
  if (fwrite(bytes, 1, count, writer->stream) == count) return;
  writer->code = errno;
  png_error(png, "cannot write");
}

static void no_flush(png_structp png)
{
  (void)png;
}

static cvz_status writer_failed(const cvz_png_writer *writer, cvz_error *error)
{
  const char *reason = writer->code ? strerror(writer->code) : writer->message;
  return cvz_fail(error, CVZ_E_IO, "write '%s': %s", writer->name, reason);
}

/* Noise-like tiles have no repeated strings to search for: with run lengths only, a grid of 64 synthetic textures of
 * 130 x 130 takes 0.07-0.08 s and 0.70-0.77 of its raw size; zlib's default strategy at level 6 takes 0.13 s and
 * 0.71-0.77 (one core, zlib 1.2.13). The level hardly matters then. */
static bool write_header(cvz_png_writer *writer, int width, int height, int color)
{
  if (setjmp(png_jmpbuf(writer->png))) return false;
  png_set_write_fn(writer->png, writer, put_bytes, no_flush);
  png_set_IHDR(writer->png, writer->info, (png_uint_32)width, (png_uint_32)height, 8, color, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(writer->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_set_compression_strategy(writer->png, Z_RLE);
  png_set_compression_level(writer->png, 6);
  png_write_info(writer->png, writer->info);
  return true;
}

static bool write_row(cvz_png_writer *writer, const uint8_t *row)
{
  if (setjmp(png_jmpbuf(writer->png))) return false;
  png_write_row(writer->png, row);
  return true;
}

static bool write_end(cvz_png_writer *writer)
{
  if (setjmp(png_jmpbuf(writer->png))) return false;
  png_write_end(writer->png, writer->info);
  return true;
}

static void writer_free(cvz_png_writer *writer)
{
  if (writer->png) png_destroy_write_struct(&writer->png, &writer->info);
  free(writer);
}

cvz_status cvz_png_begin(cvz_png_writer **writer, FILE *stream, const char *name, int width, int height, int channels,
                         cvz_error *error)
{
  static const int colors[] = {[1] = PNG_COLOR_TYPE_GRAY, [3] = PNG_COLOR_TYPE_RGB, [4] = PNG_COLOR_TYPE_RGBA};
  CVZ_REQUIRE(width >= 1 && height >= 1 && width <= CVZ_IMAGE_MAX && height <= CVZ_IMAGE_MAX, error, CVZ_E_RANGE,
              "write '%s': %d x %d pixels, expected 1 to %d a side", name, width, height, CVZ_IMAGE_MAX);
  CVZ_REQUIRE(channels == 1 || channels == 3 || channels == 4, error, CVZ_E_RANGE,
              "write '%s': %d channels, expected 1, 3 or 4", name, channels);
  cvz_png_writer *begun = cvz_array(1, sizeof *begun, error);
  if (!begun) return CVZ_E_MEMORY;
  begun->stream = stream, begun->name = name, begun->height = height;
  begun->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, begun, on_writer_error, on_warning);
  begun->info = begun->png ? png_create_info_struct(begun->png) : NULL;
  cvz_status status = CVZ_OK;
  if (!begun->info)
    status = cvz_fail(error, CVZ_E_MEMORY, "memory: no room to write '%s'", name);
  else if (!write_header(begun, width, height, colors[channels]))
    status = writer_failed(begun, error);
  if (status == CVZ_OK)
    *writer = begun;
  else
    writer_free(begun);
  return status;
}

cvz_status cvz_png_row(cvz_png_writer *writer, const uint8_t *row, cvz_error *error)
{
  if (!write_row(writer, row)) return writer_failed(writer, error);
  writer->rows++;
  return CVZ_OK;
}

cvz_status cvz_png_end(cvz_png_writer *writer, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  if (writer->rows < writer->height)
    status = cvz_fail(error, CVZ_E_IO, "write '%s': given up after %d of %d rows", writer->name, writer->rows,
                      writer->height);
  else if (!write_end(writer))
    status = writer_failed(writer, error);
  else if (fflush(writer->stream)) {
    writer->code = errno;
    status = writer_failed(writer, error);
  }
  writer_free(writer);
  return status;
}

typedef struct png_reader {
  png_structp png;
  png_infop info;
  FILE *stream;
  int width, height;
  int code; /* errno of the failed read, 0 if none */
  uint8_t *pixels;
  char message[128];
} png_reader;

static void on_reader_error(png_structp png, png_const_charp message)
{
  png_reader *reader = png_get_error_ptr(png);
  snprintf(reader->message, sizeof reader->message, "%s", message);
  png_longjmp(png, 1);
}

static void get_bytes(png_structp png, png_bytep bytes, size_t count)
{
  png_reader *reader = png_get_io_ptr(png);
  if (fread(bytes, 1, count, reader->stream) == count) return;
  if (ferror(reader->stream)) reader->code = errno;
  png_error(png, "the file ends early");
}

static cvz_status reader_failed(const png_reader *reader, const char *path, cvz_error *error)
{
  if (reader->code) return cvz_fail(error, CVZ_E_IO, "read '%s': %s", path, strerror(reader->code));
  return cvz_fail(error, CVZ_E_FORMAT, "read '%s': damaged PNG: %s", path, reader->message);
}

/* Reads up to the pixels and asks for them as 8-bit gray or RGB, with alpha if `alpha`. */
static bool read_header(png_reader *reader, bool alpha)
{
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_set_read_fn(reader->png, reader, get_bytes);
  png_set_sig_bytes(reader->png, SIGNATURE_BYTES);
  png_set_user_limits(reader->png, CVZ_IMAGE_MAX, CVZ_IMAGE_MAX);
  png_read_info(reader->png, reader->info);
  reader->width = (int)png_get_image_width(reader->png, reader->info);
  reader->height = (int)png_get_image_height(reader->png, reader->info);
  png_set_expand(reader->png);
  png_set_scale_16(reader->png);
  png_set_gray_to_rgb(reader->png);
  if (alpha)
    png_set_add_alpha(reader->png, 0xff, PNG_FILLER_AFTER);
  else
    png_set_strip_alpha(reader->png);
  return true;
}

/* Interlaced pictures take several passes over the same rows. */
static bool read_pixels(png_reader *reader, size_t row_bytes)
{
  if (setjmp(png_jmpbuf(reader->png))) return false;
  const int passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  if (png_get_rowbytes(reader->png, reader->info) != row_bytes) png_error(reader->png, "unexpected kind of pixel");
  for (int pass = 0; pass < passes; pass++)
    for (int y = 0; y < reader->height; y++) png_read_row(reader->png, reader->pixels + (size_t)y * row_bytes, NULL);
  png_read_end(reader->png, reader->info);
  return true;
}

static cvz_status check_signature(png_reader *reader, const char *path, cvz_error *error)
{
  uint8_t signature[SIGNATURE_BYTES];
  const size_t count = fread(signature, 1, sizeof signature, reader->stream);
  if (ferror(reader->stream)) return cvz_fail(error, CVZ_E_IO, "read '%s': %s", path, strerror(errno));
  CVZ_REQUIRE(count == sizeof signature && !png_sig_cmp(signature, 0, sizeof signature), error, CVZ_E_FORMAT,
              "read '%s': not a PNG file", path);
  return CVZ_OK;
}

static cvz_status decode(png_reader *reader, const char *path, int stored, cvz_error *error)
{
  CVZ_TRY(check_signature(reader, path, error));
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_reader_error, on_warning);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  CVZ_REQUIRE(reader->info, error, CVZ_E_MEMORY, "memory: no room to read '%s'", path);
  if (!read_header(reader, stored == 4)) return reader_failed(reader, path, error);
  const size_t count = (size_t)reader->width * (size_t)reader->height;
  CVZ_REQUIRE(count <= CVZ_PNG_READ_MAX, error, CVZ_E_RANGE, "read '%s': %d x %d pixels, expected at most %d in all",
              path, reader->width, reader->height, CVZ_PNG_READ_MAX);
  reader->pixels = cvz_array(count, (size_t)stored, error);
  if (!reader->pixels) return CVZ_E_MEMORY;
  if (!read_pixels(reader, (size_t)reader->width * (size_t)stored)) return reader_failed(reader, path, error);
  return CVZ_OK;
}

/* RGB to gray in place, by ITU-R 601-2 luma in the integers of Pillow's convert("L"), which Keras uses. libpng's own
 * conversion gives other values where the file has a gamma. */
static void to_gray(uint8_t *pixels, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const uint8_t *p = pixels + 3 * i;
    pixels[i] = (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >> 16);
  }
}

cvz_status cvz_png_read(cvz_picture *picture, const char *path, int channels, cvz_error *error)
{
  CVZ_REQUIRE(channels == 1 || channels == 3 || channels == 4, error, CVZ_E_RANGE,
              "read '%s': %d channels, expected 1, 3 or 4", path, channels);
  png_reader reader = {.stream = fopen(path, "rbe")};
  CVZ_REQUIRE(reader.stream, error, CVZ_E_IO, "read '%s': %s", path, strerror(errno));
  const cvz_status status = decode(&reader, path, channels == 4 ? 4 : 3, error);
  if (reader.png) png_destroy_read_struct(&reader.png, &reader.info, NULL);
  fclose(reader.stream);
  if (status != CVZ_OK) return free(reader.pixels), status;
  if (channels == 1) to_gray(reader.pixels, (size_t)reader.width * (size_t)reader.height);
  *picture = (cvz_picture){reader.width, reader.height, channels, reader.pixels};
  return CVZ_OK;
}
