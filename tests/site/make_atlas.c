/* Makes an atlas with made-up pictures, by the code that writes real ones: many layers, a graph with branches and
 * shortcuts, hostile names, dead filters.
 *
 * Usage: convviz-make-atlas DIRECTORY LAYERS FILTERS LARGEST SIDE
 *   LARGEST  filters of the widest layer; the others share the rest of FILTERS
 *   SIDE     of a tile in pixels */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/graph.h"
#include "image/grid.h"
#include "job/stem.h"
#include "site/network.h"
#include "site/pages.h"
#include "site/times.h"
#include "store/layer_file.h"
#include "store/output.h"
#include "store/sheets.h"

enum { STEPS = 30 };

static const char *const hostile[] = {"</script><img src=x onerror=document.title='broken'>", "../../escape",
                                      ("\xe2\x80\xae"
                                       "reversed"),
                                      "quote\"'`${1}", "a b%2f#?&"};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

typedef struct maker {
  const char *directory;
  int layers, filters, largest, side;
  cvz_graph graph;
  char **stems;
  cvz_output_layer *output;
  int (*places)[2]; /* of each layer: its node, its layer of the graph */
  cvz_times *times;
  cvz_error error;
} maker;

static void stop(const maker *m)
{
  fprintf(stderr, "make_atlas: %s\n", m->error.text);
  exit(1);
}

static void need(const maker *m, cvz_status status)
{
  if (status != CVZ_OK) stop(m);
}

static int add(maker *m, cvz_op op, const char *name, const char *class_name, int count, const int *inputs)
{
  int copy[3] = {0};
  for (int i = 0; i < count; i++) copy[i] = inputs[i];
  const cvz_node node = {.op = op, .inputs = copy, .input_count = count, .layer = m->graph.layer_count};
  const int index = cvz_graph_add_node(&m->graph, &node, &m->error);
  if (index < 0 || cvz_graph_add_layer(&m->graph, name, class_name, index, NULL, &m->error) < 0) stop(m);
  return index;
}

static int add_conv(maker *m, int number, int input)
{
  char name[96];
  if (number < HOSTILE)
    snprintf(name, sizeof name, "%s", hostile[number]);
  else
    snprintf(name, sizeof name, "block%d/conv%d", number / 8, number % 8);
  const int node = add(m, CVZ_OP_CONV, name, "Conv2D", 1, &input);
  m->places[number][0] = node, m->places[number][1] = m->graph.layer_count - 1;
  snprintf(name, sizeof name, "relu%d", number);
  return add(m, CVZ_OP_ACTIVATION, name, "Activation", 1, &node);
}

/* Three branches joined, then a layer with a shortcut around it; and again. */
static void build_graph(maker *m)
{
  int last = add(m, CVZ_OP_INPUT, "image", "InputLayer", 0, NULL), ends[3];
  for (int i = 0; i < m->layers;) {
    char name[32];
    for (int b = 0; b < 3; b++) ends[b] = i < m->layers ? add_conv(m, i++, last) : last;
    snprintf(name, sizeof name, "mixed%d", i);
    last = add(m, CVZ_OP_CONCAT, name, "Concatenate", 3, ends);
    if (i == m->layers) break;
    const int pair[] = {last, add_conv(m, i++, last)};
    snprintf(name, sizeof name, "add%d", i);
    last = add(m, CVZ_OP_ADD, name, "Add", 2, pair);
  }
  need(m, cvz_stems_create(&m->stems, &m->graph, &m->error));
}

/* Bent stripes with some grain, of a colour and direction that the layer and the filter choose. */
static void paint(uint8_t *tile, int side, int layer, int filter)
{
  uint32_t grain = (uint32_t)(layer * 9176 + filter * 7919 + 1);
  const double angle = filter * 2.39996, wave = 3 + (filter * 7 + layer) % 11;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const double across = x * cos(angle) + y * sin(angle) + 3 * sin((x + y) / (2 * wave));
      for (int c = 0; c < 3; c++) {
        grain = grain * 1664525u + 1013904223u;
        const double value = 128 + 80 * sin(across / wave * 3 + c * (1 + layer % 5)) + (double)(grain >> 26) - 32;
        *tile++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
      }
    }
}

static void put_filter(maker *m, cvz_layer_file *file, int layer, int filter, uint8_t *tile)
{
  const int ended = filter % 23 == 5 ? CVZ_UNIT_DEAD : filter % 101 == 7 ? CVZ_UNIT_NAN : CVZ_UNIT_OK;
  const float reach = (float)((filter * 37 + layer * 11) % 97) / 8 + 1;
  float loss[STEPS];
  for (int i = 0; i < STEPS; i++) loss[i] = ended == CVZ_UNIT_OK ? reach * (1 - expf(-(float)i / 9)) - 1 : NAN;
  if (ended == CVZ_UNIT_OK)
    paint(tile, m->side, layer, filter);
  else
    memset(tile, 127, (size_t)m->side * (size_t)m->side * 3);
  const float last = cvz_result_last_loss(loss, STEPS);
  const cvz_result result = {.filter = filter,
                             .status = (cvz_unit_status)ended,
                             .tile = tile,
                             .loss = loss,
                             .score = last + 1,
                             .noise_mean = 0.5f,
                             .noise_deviation = 2};
  need(m, cvz_layer_file_put(file, filter, &result, &m->error));
  cvz_layer_summary_add(&m->output[layer].summary, filter, result.status, last);
  need(m, cvz_times_add(m->times, m->output[layer].stem, filter, filter % 64, 0.25 + filter, &m->error));
}

/* Of the first layer alone: as hostile as its own name. */
static const char **name_filters(const maker *m, int count)
{
  static const char *const names[] = {"zebra", "<b>bold</b>", "</script><script>document.title='broken'</script>"};
  const char **labels = cvz_array((size_t)count, sizeof *labels, NULL);
  if (!labels) stop(m);
  for (int i = 0; i < count; i++) labels[i] = names[i % 3];
  return labels;
}

static void make_layer(maker *m, int layer, int count)
{
  const cvz_layer *of = &m->graph.layers[m->places[layer][1]];
  const cvz_attribute name = {.key = "layer", .kind = CVZ_ATTRIBUTE_TEXT, .text = of->name};
  int *filters = cvz_array((size_t)count, sizeof *filters, &m->error);
  uint8_t *tile = cvz_array((size_t)m->side * (size_t)m->side, 3, &m->error);
  if (!filters || !tile) stop(m);
  const char **labels = layer ? NULL : name_filters(m, count);
  for (int i = 0; i < count; i++) filters[i] = i;
  m->output[layer] = (cvz_output_layer){.name = of->name,
                                        .class_name = of->class_name,
                                        .asked = {of->name, "channel", true},
                                        .count = count,
                                        .tile_width = m->side,
                                        .tile_height = m->side};
  m->output[layer].stem = m->stems[m->places[layer][1]], m->output[layer].summary = cvz_layer_summary_empty();
  snprintf(m->output[layer].shape, sizeof m->output[layer].shape, "(17, 17, %d)", count);
  const cvz_layer_file_info info = {.directory = m->directory,
                                    .stem = m->output[layer].stem,
                                    .filters = filters,
                                    .labels = labels,
                                    .count = count,
                                    .tile_height = m->side,
                                    .tile_width = m->side,
                                    .channels = 3,
                                    .steps = STEPS,
                                    .margin = CVZ_GRID_MARGIN,
                                    .attributes = &name,
                                    .attribute_count = 1};
  cvz_layer_file *file;
  need(m, cvz_layer_file_create(&file, &info, &m->error));
  for (int i = 0; i < count; i++) put_filter(m, file, layer, i, tile);
  need(m, cvz_layer_file_finish(file, &m->error));
  free(tile);
  free(labels);
  free(filters);
}

/* The layers' sizes differ by their place, as those of a real network do. */
static void make_layers(maker *m)
{
  int left = m->filters - m->largest;
  for (int i = 0; i < m->layers; i++) {
    const int others = m->layers - 1 - i, mean = others ? left / others : left;
    const int count = i == m->layers - 1 ? m->largest : others == 1 ? left : mean / 2 + (i * 13) % (mean + 1);
    make_layer(m, i, count);
    left -= i == m->layers - 1 ? 0 : count;
  }
}

static void finish(maker *m)
{
  static const cvz_attribute job[] = {
      {.key = "model", .kind = CVZ_ATTRIBUTE_TEXT, .text = "made <b>up</b>.h5"},
      {.key = "recipe", .kind = CVZ_ATTRIBUTE_TEXT, .text = "keras"},
      {.key = "size", .kind = CVZ_ATTRIBUTE_TEXT, .text = "100x100"},
      {.key = "iterations", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = STEPS},
      {.key = "learning_rate", .kind = CVZ_ATTRIBUTE_REAL, .real = 5},
      {.key = "rescue", .kind = CVZ_ATTRIBUTE_TEXT, .text = "on"},
      {.key = "flip", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = 1},
      {.key = "model_name", .kind = CVZ_ATTRIBUTE_TEXT, .text = "made <b>up</b>"},
  };
  cvz_text network = {0};
  need(m, cvz_network_json(&m->graph, &network, &m->error));
  const cvz_manifest manifest = {.attributes = job,
                                 .attribute_count = sizeof job / sizeof *job,
                                 .layers = m->output,
                                 .layer_count = m->layers,
                                 .network = network.data};
  need(m, cvz_pages_finish(m->directory, &manifest, &m->error));
  cvz_text_free(&network);
}

int main(int count, char **words)
{
  maker m = {0};
  if (count != 6) return fprintf(stderr, "usage: convviz-make-atlas DIRECTORY LAYERS FILTERS LARGEST SIDE\n"), 2;
  m.directory = words[1];
  m.layers = atoi(words[2]), m.filters = atoi(words[3]), m.largest = atoi(words[4]), m.side = atoi(words[5]);
  m.output = cvz_array((size_t)m.layers, sizeof *m.output, &m.error);
  m.places = cvz_array((size_t)m.layers, sizeof *m.places, &m.error);
  if (!m.output || !m.places) stop(&m);
  need(&m, cvz_output_prepare(m.directory, CVZ_OUTPUT_OVERWRITE, &m.error));
  need(&m, cvz_times_open(&m.times, m.directory, &m.error));
  build_graph(&m);
  make_layers(&m);
  cvz_times_close(m.times);
  finish(&m);
  cvz_stems_free(m.stems, m.graph.layer_count);
  cvz_graph_free(&m.graph);
  free(m.places);
  free(m.output);
  return 0;
}
