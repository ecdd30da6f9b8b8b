/* tests/parity/embedded.c: what the public functions answer, for the comparison with Keras.
 *
 * embedded MODEL LAYER FILTER HxW IMAGES RESULT [SETTING]
 * IMAGES is a file of float32 (N, H, W, C). RESULT gets of each image the layer's output and, unless FILTER is -1, the
 * mean of the filter and its gradient. */
#include <convviz/convviz.h>
#include <stdio.h>
#include <stdlib.h>

static size_t count_of(cvz_dimensions d)
{
  return (size_t)d.height * (size_t)d.width * (size_t)d.channels;
}

/* Of the images that follow in a file. */
static int answer(cvz_target *target, int filter, FILE *in, FILE *out, cvz_error *error)
{
  const size_t pixels = count_of(cvz_target_image(target)), outputs = count_of(cvz_target_output(target));
  float *image = calloc(2 * pixels + outputs + 1, sizeof *image), *map = image + pixels, *mean = map + outputs;
  int failed = !image;
  while (!failed && fread(image, sizeof *image, pixels, in) == pixels) {
    failed = cvz_target_forward(target, image, map, error) ||
             (filter >= 0 && cvz_target_gradient(target, filter, image, mean, mean + 1, error));
    fwrite(map, sizeof *map, filter >= 0 ? outputs + 1 + pixels : outputs, out);
  }
  free(image);
  return failed;
}

static int answer_file(cvz_target *target, int filter, const char *from, const char *to, cvz_error *error)
{
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  if (!in || !out) return 3;
  const int failed = answer(target, filter, in, out, error);
  fclose(in);
  return fclose(out) || failed;
}

int main(int argc, char **argv)
{
  cvz_network *network = NULL;
  cvz_target *target = NULL;
  cvz_error error = {CVZ_OK, ""};
  char size[32];
  if (argc != 7 && argc != 8) return 2;
  snprintf(size, sizeof size, "size=%s", argv[4]);
  const char *const settings[] = {size, argv[7], NULL};
  const int failed = cvz_network_open(&network, argv[1], NULL, &error) ||
                     cvz_target_open(&target, network, argv[2], settings, &error) ||
                     answer_file(target, atoi(argv[3]), argv[5], argv[6], &error);
  if (failed) fprintf(stderr, "embedded: %s\n", error.text);
  cvz_target_close(target);
  cvz_network_close(network);
  return failed;
}
