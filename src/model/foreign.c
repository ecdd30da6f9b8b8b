#include "model/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/hdf5_file.h"

#define START 512 /* bytes that are looked at */

static const struct foreign {
  const char *what, *how;
} foreign[] = {
#define F(kind, what, how) [CVZ_FILE_##kind] = {what, how},
#include "model/foreign.def"
#undef F
};

cvz_status cvz_file_refuse(cvz_file_kind kind, const char *path, cvz_error *error)
{
  return cvz_fail(error, CVZ_E_UNSUPPORTED, "%s: %s, expected a Keras model; %s", path, foreign[kind].what,
                  foreign[kind].how);
}

/* ---- Folders */

static bool has(const char *folder, const char *name)
{
  cvz_text path = {0};
  cvz_text_add(&path, "%s/%s", folder, name);
  const bool there = cvz_text_check(&path, NULL) == CVZ_OK && access(path.data, F_OK) == 0;
  cvz_text_free(&path);
  return there;
}

static cvz_status refuse_folder(const char *path, cvz_error *error)
{
  if (has(path, "saved_model.pb") || has(path, "keras_metadata.pb"))
    return cvz_file_refuse(CVZ_FILE_SAVED_MODEL, path, error);
  if (has(path, "config.json") && has(path, "model.weights.h5")) return cvz_file_refuse(CVZ_FILE_UNPACKED, path, error);
  if (has(path, "checkpoint")) return cvz_file_refuse(CVZ_FILE_CHECKPOINT, path, error);
  return cvz_fail(error, CVZ_E_IO, "%s: is a directory, expected a Keras model file", path);
}

/* ---- Files */

/* Leading bytes that are always the same. */
static const struct signature {
  const char *bytes;
  uint8_t length, place;
  cvz_file_kind kind;
} signatures[] = {
    {"PK\3\4", 4, 0, CVZ_FILE_ZIP},
    {"PK\5\6", 4, 0, CVZ_FILE_ZIP}, /* an empty one */
    {"TFL3", 4, 4, CVZ_FILE_TFLITE},
    {"\x80\2\x8a\12\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14, 0, CVZ_FILE_PYTORCH}, /* before version 1.6 */
    {"\x80\2", 2, 0, CVZ_FILE_PICKLE},
    {"\x80\3", 2, 0, CVZ_FILE_PICKLE},
    {"\x80\4", 2, 0, CVZ_FILE_PICKLE},
    {"\x80\5", 2, 0, CVZ_FILE_PICKLE},
    {"\x93NUMPY", 6, 0, CVZ_FILE_NUMPY},
    {"\x1f\x8b", 2, 0, CVZ_FILE_GZIP},
    {"version https://git-lfs", 23, 0, CVZ_FILE_LFS},
    {"model_checkpoint_path", 21, 0, CVZ_FILE_CHECKPOINT},
    {"<!DOCTYPE", 9, 0, CVZ_FILE_HTML},
    {"<!doctype", 9, 0, CVZ_FILE_HTML},
    {"<html", 5, 0, CVZ_FILE_HTML},
    {"{\"", 2, 8, CVZ_FILE_SAFETENSORS}, /* after the length of that text */
    {"{", 1, 0, CVZ_FILE_JSON},
};

/* Two are messages of protocol buffers, whose first field is the number 1 and holds a version. TensorFlow's is 1,
 * ONNX's above 2; then comes field 2, in ONNX also 7 (graph) or 8 (imports). */
static cvz_file_kind protocol_kind(const unsigned char *start)
{
  if (start[0] != 8 || start[1] < 1 || start[1] > 32) return CVZ_FILE_UNKNOWN;
  if (start[2] == 0x12) return start[1] == 1 ? CVZ_FILE_SAVED_MODEL : CVZ_FILE_ONNX;
  return start[2] == 0x3a || start[2] == 0x42 ? CVZ_FILE_ONNX : CVZ_FILE_UNKNOWN;
}

static cvz_file_kind kind_of(const unsigned char *start, size_t count)
{
  for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
    const struct signature *s = &signatures[i];
    if (count >= (size_t)s->place + s->length && !memcmp(start + s->place, s->bytes, s->length)) return s->kind;
  }
  return protocol_kind(start);
}

/* Often the first call of the library, which must be hushed before. */
static bool is_hdf5(const char *path)
{
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  const bool found = H5Fis_hdf5(path) > 0;
  cvz_hdf5_unhush(before);
  return found;
}

cvz_status cvz_file_look(cvz_file_kind *kind, const char *path, cvz_error *error)
{
  struct stat info;
  CVZ_REQUIRE(stat(path, &info) == 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
  if (S_ISDIR(info.st_mode)) return refuse_folder(path, error);
  unsigned char start[START] = {0};
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  CVZ_REQUIRE(descriptor >= 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
  const ssize_t count = read(descriptor, start, sizeof start);
  close(descriptor);
  CVZ_REQUIRE(count > 0, error, CVZ_E_FORMAT, "%s: is empty, expected a Keras model file", path);
  *kind = is_hdf5(path) ? CVZ_FILE_HDF5 : kind_of(start, (size_t)count);
  CVZ_REQUIRE(*kind != CVZ_FILE_UNKNOWN, error, CVZ_E_FORMAT,
              "%s: is neither HDF5 nor a .keras archive, expected a Keras model (.keras or .h5)", path);
  return *kind == CVZ_FILE_HDF5 || *kind == CVZ_FILE_ZIP ? CVZ_OK : cvz_file_refuse(*kind, path, error);
}
