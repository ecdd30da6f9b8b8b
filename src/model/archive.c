#include "model/archive.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

#include "base/memory.h"
#include "model/foreign.h"

#define CONFIG   "config.json"
#define METADATA "metadata.json"
#define WEIGHTS  "model.weights.h5"

#define TEXT_MAX  ((zip_uint64_t)1 << 28) /* bytes of a text */
#define SMALL     ((zip_uint64_t)1 << 26) /* bytes that an entry may always have */
#define GROWTH    100                     /* by which a larger one may at most grow when it is unpacked; as in Keras */
#define PIECE     ((size_t)1 << 20)       /* unpacked at once */
#define NAMES_MAX 4096                    /* entries whose names are looked at */

/* An archive that is being read. */
typedef struct reading {
  const char *path;
  zip_t *zip;
} reading;

/* ---- What else a ZIP may be */

static bool ends_with(const char *text, const char *end)
{
  const size_t length = strlen(text), count = strlen(end);
  return length >= count && !strcmp(text + length - count, end);
}

static cvz_status refuse(const reading *r, cvz_error *error)
{
  static const struct {
    const char *end;
    cvz_file_kind kind;
  } members[] = {{"data.pkl", CVZ_FILE_PYTORCH},
                 {"saved_model.pb", CVZ_FILE_SAVED_MODEL},
                 {".onnx", CVZ_FILE_ONNX},
                 {".tflite", CVZ_FILE_TFLITE},
                 {".npy", CVZ_FILE_NUMPY}};
  for (zip_int64_t i = 0; i < zip_get_num_entries(r->zip, 0) && i < NAMES_MAX; i++) {
    const char *name = zip_get_name(r->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
    for (size_t j = 0; name && j < sizeof members / sizeof *members; j++)
      if (ends_with(name, members[j].end)) return cvz_file_refuse(members[j].kind, r->path, error);
    CVZ_REQUIRE(!name || !ends_with(name, "/" CONFIG), error, CVZ_E_FORMAT,
                "%s: has " CONFIG " in a folder, expected it at the top of the archive, as Keras writes it", r->path);
  }
  return cvz_fail(error, CVZ_E_FORMAT, "%s: is a ZIP archive without " CONFIG ", expected a .keras archive", r->path);
}

/* ---- Entries */

static bool is_there(const reading *r, const char *name)
{
  return zip_name_locate(r->zip, name, ZIP_FL_ENC_RAW) >= 0;
}

static cvz_status check_entry(const reading *r, const zip_stat_t *info, zip_uint64_t most, cvz_error *error)
{
  CVZ_REQUIRE(info->encryption_method == ZIP_EM_NONE, error, CVZ_E_UNSUPPORTED,
              "%s: %s is encrypted, expected an archive as Keras writes it: unpack it with the password and pack it "
              "again without",
              r->path, info->name);
  CVZ_REQUIRE(info->comp_method == ZIP_CM_STORE || info->comp_method == ZIP_CM_DEFLATE, error, CVZ_E_UNSUPPORTED,
              "%s: %s is compressed by method %d, expected it stored (0) or deflated (8)", r->path, info->name,
              info->comp_method);
  CVZ_REQUIRE(info->size <= most && (info->size <= SMALL || info->size / GROWTH <= info->comp_size), error,
              CVZ_E_FORMAT, "%s: %s would grow from %llu to %llu bytes, expected less than that: the file is damaged",
              r->path, info->name, (unsigned long long)info->comp_size, (unsigned long long)info->size);
  return CVZ_OK;
}

/* Opens an entry that is there, of at most that size. */
static cvz_status open_entry(const reading *r, const char *name, zip_uint64_t most, zip_file_t **entry,
                             zip_uint64_t *bytes, cvz_error *error)
{
  const zip_uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  zip_stat_t info;
  const zip_int64_t index = zip_name_locate(r->zip, name, ZIP_FL_ENC_RAW);
  const bool known = index >= 0 && zip_stat_index(r->zip, (zip_uint64_t)index, 0, &info) == 0;
  CVZ_REQUIRE(known && (info.valid & needed) == needed, error, CVZ_E_FORMAT,
              "%s: %s cannot be read: the archive is damaged", r->path, name);
  CVZ_TRY(check_entry(r, &info, most, error));
  *bytes = info.size;
  *entry = zip_fopen_index(r->zip, (zip_uint64_t)index, 0);
  CVZ_REQUIRE(*entry, error, CVZ_E_FORMAT, "%s: %s cannot be read (%s): the archive is damaged", r->path, name,
              zip_strerror(r->zip));
  return CVZ_OK;
}

/* The next piece, whose last has no bytes; the checksum is compared then. */
static cvz_status read_piece(const reading *r, zip_file_t *entry, const char *name, char *piece, zip_uint64_t *left,
                             size_t *count, cvz_error *error)
{
  const zip_int64_t got = zip_fread(entry, piece, PIECE);
  CVZ_REQUIRE(got >= 0, error, CVZ_E_FORMAT, "%s: %s cannot be unpacked (%s): the archive is damaged", r->path, name,
              zip_file_strerror(entry));
  CVZ_REQUIRE((zip_uint64_t)got <= *left && (got || !*left), error, CVZ_E_FORMAT,
              "%s: %s has not the size that the archive tells: it is damaged", r->path, name);
  *left -= (zip_uint64_t)got;
  *count = (size_t)got;
  return CVZ_OK;
}

/* ---- Texts */

/* Makes `text` the content of an entry. */
static cvz_status read_text(const reading *r, const char *name, char **text, cvz_error *error)
{
  zip_file_t *entry;
  zip_uint64_t left;
  CVZ_TRY(open_entry(r, name, TEXT_MAX, &entry, &left, error));
  char *piece = cvz_array(PIECE, 1, error), *at = *text = cvz_array((size_t)left + 1, 1, error);
  cvz_status status = piece && at ? CVZ_OK : CVZ_E_MEMORY;
  for (size_t count = 1; status == CVZ_OK && count;) {
    status = read_piece(r, entry, name, piece, &left, &count, error);
    if (status != CVZ_OK) break;
    memcpy(at, piece, count);
    at += count;
  }
  free(piece);
  zip_fclose(entry);
  return status;
}

/* Keras itself does without this file. */
static cvz_status read_version(const reading *r, char **version, cvz_error *error)
{
  char *text = NULL;
  if (!is_there(r, METADATA)) return CVZ_OK;
  cvz_status status = read_text(r, METADATA, &text, error);
  json_t *metadata = status == CVZ_OK ? json_loads(text, 0, NULL) : NULL;
  const char *told = json_string_value(json_object_get(metadata, "keras_version"));
  if (told) {
    *version = cvz_copy_text(told, error);
    status = *version ? CVZ_OK : CVZ_E_MEMORY;
  }
  json_decref(metadata);
  free(text);
  return status;
}

/* ---- Weights */

static cvz_status append(int descriptor, const char *piece, size_t count, cvz_error *error)
{
  while (count > 0) {
    const ssize_t done = write(descriptor, piece, count);
    if (done < 0 && errno == EINTR) continue;
    CVZ_REQUIRE(done > 0, error, CVZ_E_MEMORY, "memory: no room to unpack " WEIGHTS ": %s", strerror(errno));
    piece += done;
    count -= (size_t)done;
  }
  return CVZ_OK;
}

static cvz_status copy_entry(const reading *r, zip_file_t *entry, zip_uint64_t left, int descriptor, cvz_error *error)
{
  char *piece = cvz_array(PIECE, 1, error);
  cvz_status status = piece ? CVZ_OK : CVZ_E_MEMORY;
  for (size_t count = 1; status == CVZ_OK && count;) {
    status = read_piece(r, entry, WEIGHTS, piece, &left, &count, error);
    if (status == CVZ_OK) status = append(descriptor, piece, count, error);
  }
  free(piece);
  return status;
}

static cvz_status unpack_weights(const reading *r, int *descriptor, cvz_error *error)
{
  zip_file_t *entry;
  zip_uint64_t bytes;
  CVZ_REQUIRE(is_there(r, WEIGHTS) || !is_there(r, "model.weights.npz"), error, CVZ_E_UNSUPPORTED,
              "%s: has its weights as model.weights.npz, expected " WEIGHTS ": load it in Keras and save it again",
              r->path);
  CVZ_REQUIRE(is_there(r, WEIGHTS), error, CVZ_E_FORMAT,
              "%s: has no " WEIGHTS ", expected a .keras archive with the weights", r->path);
  CVZ_TRY(open_entry(r, WEIGHTS, INT64_MAX, &entry, &bytes, error));
  *descriptor = memfd_create(WEIGHTS, MFD_CLOEXEC);
  cvz_status status = CVZ_OK;
  if (*descriptor < 0)
    status = cvz_fail(error, CVZ_E_MEMORY, "memory: no room to unpack " WEIGHTS ": %s", strerror(errno));
  else
    status = copy_entry(r, entry, bytes, *descriptor, error);
  zip_fclose(entry);
  return status;
}

static cvz_status read_all(cvz_archive *archive, const reading *r, cvz_error *error)
{
  if (!is_there(r, CONFIG)) return refuse(r, error);
  CVZ_TRY(read_text(r, CONFIG, &archive->config, error));
  CVZ_TRY(read_version(r, &archive->version, error));
  return unpack_weights(r, &archive->weights, error);
}

cvz_status cvz_archive_read(cvz_archive *archive, const char *path, cvz_error *error)
{
  int code = 0;
  *archive = (cvz_archive){.weights = -1};
  const reading r = {path, zip_open(path, ZIP_RDONLY, &code)};
  CVZ_REQUIRE(r.zip || code != ZIP_ER_MEMORY, error, CVZ_E_MEMORY, "memory: no room to open %s", path);
  CVZ_REQUIRE(r.zip, error, CVZ_E_FORMAT, "%s: is a truncated or damaged ZIP archive, expected a complete .keras file",
              path);
  const cvz_status status = read_all(archive, &r, error);
  zip_discard(r.zip);
  return status;
}

void cvz_archive_free(cvz_archive *archive)
{
  if (archive->weights >= 0) close(archive->weights);
  free(archive->config);
  free(archive->version);
  *archive = (cvz_archive){.weights = -1};
}
