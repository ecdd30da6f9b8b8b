#include "app/spectrum.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "ascent/spectrum.h"
#include "base/file.h"
#include "base/memory.h"
#include "image/png.h"

/* The names of a folder's pictures. */
typedef struct names {
  char **items;
  int count;
  size_t room;
} names;

static void names_free(names *n)
{
  for (int i = 0; i < n->count; i++) free(n->items[i]);
  free(n->items);
}

static bool is_png(const char *name)
{
  const char *end = strrchr(name, '.');
  return *name != '.' && end && !strcasecmp(end, ".png");
}

static int by_bytes(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static cvz_status add_name(names *n, const char *folder, const char *name, cvz_error *error)
{
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_MAX)
    return cvz_file_fail(error, "read", name, ENAMETOOLONG);
  CVZ_TRY(cvz_grow((void **)&n->items, &n->room, (size_t)n->count, sizeof *n->items, error));
  n->items[n->count] = cvz_copy_text(path, error);
  return n->items[n->count] ? n->count++, CVZ_OK : CVZ_E_MEMORY;
}

/* In the order of their names: sums have the same bits on every file system. */
static cvz_status list_folder(names *n, const char *path, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  DIR *folder = opendir(path);
  if (!folder) return cvz_file_fail(error, "read", path, errno);
  for (const struct dirent *entry; status == CVZ_OK && (entry = readdir(folder));)
    if (is_png(entry->d_name)) status = add_name(n, path, entry->d_name, error);
  closedir(folder);
  if (status != CVZ_OK) return status;
  CVZ_REQUIRE(n->count, error, CVZ_E_USAGE, "spectrum-from: folder '%s' has no pictures, expected some .png", path);
  qsort(n->items, (size_t)n->count, sizeof *n->items, by_bytes);
  return CVZ_OK;
}

static cvz_status add_picture(cvz_spectrum *spectrum, const char *path, int channels, cvz_error *error)
{
  cvz_picture picture;
  cvz_error found = {0};
  cvz_status status = cvz_png_read(&picture, path, channels, &found);
  if (status != CVZ_OK) return cvz_fail(error, status, "spectrum-from: %s", found.text);
  const size_t count = (size_t)picture.width * (size_t)picture.height * (size_t)channels;
  float *colours = cvz_array(count, sizeof *colours, error);
  for (size_t i = 0; colours && i < count; i++) colours[i] = (float)picture.pixels[i] / 255.0f;
  free(picture.pixels);
  if (!colours) return CVZ_E_MEMORY;
  status = cvz_spectrum_add(spectrum, colours, picture.height, picture.width, &found);
  free(colours);
  return status == CVZ_OK ? CVZ_OK : cvz_fail(error, status, "spectrum-from: '%s': %s", path, found.text);
}

static cvz_status add_all(cvz_spectrum *spectrum, const char *path, int channels, cvz_error *error)
{
  struct stat about;
  names n = {0};
  if (stat(path, &about)) return cvz_file_fail(error, "spectrum-from: read", path, errno);
  if (!S_ISDIR(about.st_mode)) return add_picture(spectrum, path, channels, error);
  cvz_status status = list_folder(&n, path, error);
  for (int i = 0; status == CVZ_OK && i < n.count; i++) status = add_picture(spectrum, n.items[i], channels, error);
  names_free(&n);
  return status;
}

static cvz_status read_path(float **magnitudes, const cvz_ascent_recipe *recipe, const char *path, cvz_shape image,
                            const cvz_kernels *kernels, cvz_error *error)
{
  cvz_spectrum *spectrum;
  CVZ_REQUIRE(cvz_input_picture_channels(image.channels) == image.channels, error, CVZ_E_USAGE,
              "spectrum-from: '%s', expected falling or natural: the network's image has %d channels", path,
              image.channels);
  CVZ_TRY(cvz_spectrum_create(&spectrum, recipe, image, kernels, error));
  *magnitudes = cvz_array(cvz_spectrum_count(image), sizeof **magnitudes, error);
  cvz_status status = *magnitudes ? add_all(spectrum, path, image.channels, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK && !cvz_spectrum_mean(spectrum, *magnitudes))
    status =
        cvz_fail(error, CVZ_E_FORMAT, "spectrum-from: '%s' is of one colour, expected a picture of something", path);
  cvz_spectrum_free(spectrum);
  return status;
}

cvz_status cvz_spectrum_share(float **magnitudes, cvz_ascent_recipe *recipe, cvz_comm *comm, const cvz_options *options,
                              cvz_shape image, const cvz_kernels *kernels, cvz_error *error)
{
  const char *from = options->spectrum_from;
  cvz_status status = CVZ_OK;
  *magnitudes = NULL;
  if (!strcmp(from, "falling") || !strcmp(from, "natural")) return CVZ_OK;
  CVZ_REQUIRE(recipe->parametrization.basis == CVZ_BASIS_PHASE, error, CVZ_E_USAGE,
              "spectrum-from: '%s', expected --parametrization phase beside it", from);
  if (cvz_comm_rank(comm) == 0) status = read_path(magnitudes, recipe, from, image, kernels, error);
  CVZ_TRY(cvz_comm_share_floats(comm, magnitudes, cvz_spectrum_count(image), status, error));
  recipe->magnitudes = *magnitudes;
  return CVZ_OK;
}
