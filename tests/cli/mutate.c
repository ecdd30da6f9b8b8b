/* convviz-mutate: changes one thing in an HDF5 file, to make the damaged models that tests feed to the program.
 *
 *     convviz-mutate FILE show                        prints the attribute model_config
 *     convviz-mutate FILE config TEXTFILE             replaces the attribute model_config by a file's content
 *     convviz-mutate FILE delete PATH                 removes a link; @NAME: an attribute of the root group
 *     convviz-mutate FILE nan PATH                    every value of a dataset becomes NaN
 *     convviz-mutate FILE reshape PATH                a dataset gets one row more than it had
 *     convviz-mutate FILE image RAWFILE H W C         makes FILE, with a dataset 'image' of float32 from raw numbers
 *     convviz-mutate FILE shorten PATH                a group's list weight_names loses its last entry
 *     convviz-mutate FILE weights OUT                 copies a model's weights to a new file that has nothing else */
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, const char *name)
{
  fprintf(stderr, "convviz-mutate: %s: %s\n", name, what);
  return 1;
}

/* The content of a file and a NUL; NULL if it cannot be read. */
static char *read_whole(const char *path, size_t *bytes)
{
  FILE *stream = fopen(path, "rb");
  if (!stream) return NULL;
  char *data = NULL;
  if (!fseek(stream, 0, SEEK_END)) {
    const long length = ftell(stream);
    rewind(stream);
    data = length < 0 ? NULL : malloc((size_t)length + 1);
    *bytes = data ? fread(data, 1, (size_t)length, stream) : 0;
    if (data) data[*bytes] = 0;
  }
  fclose(stream);
  return data;
}

static int show(hid_t file)
{
  char *text = NULL;
  const hid_t attribute = H5Aopen(file, "model_config", H5P_DEFAULT);
  if (attribute < 0) return fail("no such attribute", "model_config");
  const hid_t type = H5Aget_type(attribute);
  if (H5Tis_variable_str(type) <= 0 || H5Aread(attribute, type, &text) < 0) return fail("not readable", "model_config");
  fputs(text, stdout);
  H5free_memory(text);
  H5Tclose(type);
  H5Aclose(attribute);
  return 0;
}

static int set_config(hid_t file, const char *path)
{
  size_t bytes;
  char *text = read_whole(path, &bytes);
  if (!text) return fail("cannot be read", path);
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, H5T_VARIABLE);
  H5Adelete(file, "model_config");
  const hid_t attribute = H5Acreate2(file, "model_config", type, space, H5P_DEFAULT, H5P_DEFAULT);
  const int failed = attribute < 0 || H5Awrite(attribute, type, &text) < 0;
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  free(text);
  return failed ? fail("cannot be written", "model_config") : 0;
}

static int remove_object(hid_t file, const char *path)
{
  const herr_t status = *path == '@' ? H5Adelete(file, path + 1) : H5Ldelete(file, path, H5P_DEFAULT);
  return status < 0 ? fail("cannot be deleted", path) : 0;
}

static int set_nan(hid_t file, const char *path)
{
  const hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
  if (set < 0) return fail("no such dataset", path);
  const hid_t space = H5Dget_space(set);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  float *values = malloc((size_t)count * sizeof *values);
  for (hssize_t i = 0; values && i < count; i++) values[i] = NAN;
  const int failed = !values || H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0;
  free(values);
  H5Sclose(space);
  H5Dclose(set);
  return failed ? fail("cannot be written", path) : 0;
}

static int reshape(hid_t file, const char *path)
{
  hsize_t dims[H5S_MAX_RANK];
  const hid_t set = H5Dopen2(file, path, H5P_DEFAULT);
  if (set < 0) return fail("no such dataset", path);
  const hid_t space = H5Dget_space(set);
  const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
  H5Sclose(space);
  H5Dclose(set);
  if (rank < 1) return fail("a dataset with dimensions was expected", path);
  dims[0]++;
  if (H5Ldelete(file, path, H5P_DEFAULT) < 0) return fail("cannot be deleted", path);
  const hid_t larger = H5Screate_simple(rank, dims, NULL);
  const hid_t made = H5Dcreate2(file, path, H5T_IEEE_F32LE, larger, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Sclose(larger);
  if (made < 0) return fail("cannot be made", path);
  H5Dclose(made);
  return 0;
}

static int shorten(hid_t file, const char *path)
{
  const hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
  const hid_t before = group < 0 ? -1 : H5Aopen(group, "weight_names", H5P_DEFAULT);
  if (before < 0) return fail("no list of weights", path);
  const hid_t type = H5Aget_type(before), all = H5Aget_space(before);
  const hsize_t count = (hsize_t)H5Sget_simple_extent_npoints(all);
  char *names = malloc((size_t)count * H5Tget_size(type) + 1);
  if (!names || count < 1 || H5Aread(before, type, names) < 0) return fail("cannot be read", path);
  const hsize_t less = count - 1;
  const hid_t space = H5Screate_simple(1, &less, NULL);
  H5Aclose(before);
  H5Adelete(group, "weight_names");
  const hid_t after = H5Acreate2(group, "weight_names", type, space, H5P_DEFAULT, H5P_DEFAULT);
  const int failed = after < 0 || (less && H5Awrite(after, type, names) < 0);
  free(names);
  H5Aclose(after);
  H5Sclose(space);
  H5Sclose(all);
  H5Tclose(type);
  H5Gclose(group);
  return failed ? fail("cannot be written", path) : 0;
}

static herr_t copy_link(hid_t group, const char *name, const H5L_info_t *info, void *to)
{
  (void)info;
  return H5Ocopy(group, name, *(hid_t *)to, name, H5P_DEFAULT, H5P_DEFAULT);
}

/* The list of layers, of texts of a fixed length. */
static int copy_names(hid_t from, hid_t to)
{
  const hid_t before = H5Aopen(from, "layer_names", H5P_DEFAULT);
  if (before < 0) return fail("no such attribute", "layer_names");
  const hid_t type = H5Aget_type(before), space = H5Aget_space(before);
  const hid_t after = H5Acreate2(to, "layer_names", type, space, H5P_DEFAULT, H5P_DEFAULT);
  char *names = malloc((size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type) + 1);
  const int failed = !names || H5Aread(before, type, names) < 0 || H5Awrite(after, type, names) < 0;
  free(names);
  H5Aclose(after);
  H5Aclose(before);
  H5Sclose(space);
  H5Tclose(type);
  return failed ? fail("cannot be copied", "layer_names") : 0;
}

static int copy_weights(hid_t file, const char *path)
{
  hid_t to = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group = H5Gopen2(file, "model_weights", H5P_DEFAULT);
  if (to < 0 || group < 0) return fail("cannot be made", path);
  int failed = copy_names(group, to);
  if (!failed && H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, copy_link, &to) < 0)
    failed = fail("cannot be filled", path);
  H5Gclose(group);
  H5Fclose(to);
  return failed;
}

static int make_image(const char *path, char *const *words)
{
  size_t bytes, count = 1;
  hsize_t dims[3];
  for (int i = 0; i < 3; i++) count *= dims[i] = strtoull(words[i + 1], NULL, 10);
  char *values = read_whole(words[0], &bytes);
  if (!values || bytes != count * sizeof(float)) return fail("has not that many numbers", words[0]);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (file < 0) return fail("cannot be made", path);
  const hid_t space = H5Screate_simple(3, dims, NULL);
  const hid_t set = H5Dcreate2(file, "image", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const int failed = set < 0 || H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0;
  free(values);
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
  return failed ? fail("cannot be written", path) : 0;
}

static int change(hid_t file, int argc, char **argv)
{
  const char *operation = argv[2];
  if (argc == 3 && !strcmp(operation, "show")) return show(file);
  if (argc != 4) return fail("unknown operation or wrong number of arguments", operation);
  if (!strcmp(operation, "config")) return set_config(file, argv[3]);
  if (!strcmp(operation, "delete")) return remove_object(file, argv[3]);
  if (!strcmp(operation, "nan")) return set_nan(file, argv[3]);
  if (!strcmp(operation, "reshape")) return reshape(file, argv[3]);
  if (!strcmp(operation, "shorten")) return shorten(file, argv[3]);
  if (!strcmp(operation, "weights")) return copy_weights(file, argv[3]);
  return fail("unknown operation", operation);
}

static int reads_only(const char *operation)
{
  return !strcmp(operation, "show") || !strcmp(operation, "weights");
}

int main(int argc, char **argv)
{
  if (argc < 3) return fail("expected FILE OPERATION [ARGUMENT]...", "usage");
  if (argc == 7 && !strcmp(argv[2], "image")) return make_image(argv[1], argv + 3);
  const hid_t file = H5Fopen(argv[1], reads_only(argv[2]) ? H5F_ACC_RDONLY : H5F_ACC_RDWR, H5P_DEFAULT);
  if (file < 0) return fail("cannot be opened", argv[1]);
  const int failed = change(file, argc, argv);
  if (H5Fclose(file) < 0) return fail("cannot be closed", argv[1]);
  return failed;
}
