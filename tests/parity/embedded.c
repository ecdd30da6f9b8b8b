/* tests/parity/embedded.c: what the public functions answer, for the comparison with Keras.
 *
 * embedded MODEL LAYER FILTER HxW IMAGE RESULT
 * IMAGE is a file of float32 (H, W, C). RESULT gets the layer's output, the mean of the filter and its gradient. */
#include <convviz/convviz.h>
#include <stdio.h>
#include <stdlib.h>

static size_t count_of(cvz_dimensions d)
{
  return (size_t)d.height * (size_t)d.width * (size_t)d.channels;
}

static int answer(cvz_target *target, int filter, const char *from, const char *to, cvz_error *error)
{
  const size_t pixels = count_of(cvz_target_image(target)), outputs = count_of(cvz_target_output(target));
  float *numbers = calloc(2 * pixels + outputs + 1, sizeof *numbers);
  float *gradient = numbers + pixels, *map = gradient + pixels, *mean = map + outputs;
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  if (!numbers || !in || !out || fread(numbers, sizeof *numbers, pixels, in) != pixels) return 3;
  int failed = cvz_target_forward(target, numbers, map, error) ||
               cvz_target_gradient(target, filter, numbers, mean, gradient, error);
  fwrite(map, sizeof *map, outputs, out);
  fwrite(mean, sizeof *mean, 1, out);
  fwrite(gradient, sizeof *gradient, pixels, out);
  failed = fclose(out) || failed;
  fclose(in);
  free(numbers);
  return failed;
}

int main(int argc, char **argv)
{
  cvz_network *network = NULL;
  cvz_target *target = NULL;
  cvz_error error = {CVZ_OK, ""};
  char size[32];
  if (argc != 7) return 2;
  snprintf(size, sizeof size, "size=%s", argv[4]);
  const char *const settings[] = {size, NULL};
  const int failed = cvz_network_open(&network, argv[1], NULL, &error) ||
                     cvz_target_open(&target, network, argv[2], settings, &error) ||
                     answer(target, atoi(argv[3]), argv[5], argv[6], &error);
  if (failed) fprintf(stderr, "embedded: %s\n", error.text);
  cvz_target_close(target);
  cvz_network_close(network);
  return failed;
}
