#include "model/preprocess.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* The models of keras.applications that do not want -1 to 1, by the start of their names. ResNet's names are whole, as
 * version 2 and ResNetRS want something else. Where such a model scales its image itself, that comes first. */
static const struct {
  const char *name;
  bool whole;
  cvz_preprocess preprocess;
} families[] = {
    {"vgg16", true, CVZ_PREPROCESS_CAFFE},     {"vgg19", true, CVZ_PREPROCESS_CAFFE},
    {"resnet50", true, CVZ_PREPROCESS_CAFFE},  {"resnet101", true, CVZ_PREPROCESS_CAFFE},
    {"resnet152", true, CVZ_PREPROCESS_CAFFE}, {"densenet", false, CVZ_PREPROCESS_TORCH},
    {"convnext", false, CVZ_PREPROCESS_TORCH},
};

/* The first node that reads the image, -1 if none does. */
static int first_node(const cvz_graph *graph)
{
  for (int i = 0; i < graph->node_count; i++)
    for (int j = 0; j < graph->nodes[i].input_count; j++)
      if (graph->nodes[i].inputs[j] == graph->input) return i;
  return -1;
}

/* A factor below this is for 0 to 255: the smallest that anybody uses for 0 to 1 is 1, for 255 the largest 1 / 57. */
#define SMALL 0.1f

static bool scales(const cvz_node *node, cvz_preprocess *preprocess)
{
  if (node->op != CVZ_OP_AFFINE) return false;
  *preprocess = CVZ_PREPROCESS_NONE;
  if (node->affine.constants && fabsf(node->affine.scale[0]) >= SMALL) *preprocess = CVZ_PREPROCESS_UNIT;
  return node->affine.constants || node->affine.clamped;
}

static bool is_of(const char *name, size_t length, const char *family, bool whole)
{
  const size_t wanted = strlen(family);
  return (whole ? length == wanted : length >= wanted) && !strncasecmp(name, family, wanted);
}

static cvz_preprocess by_name(const char *name, size_t length)
{
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (is_of(name, length, families[i].name, families[i].whole)) return families[i].preprocess;
  return CVZ_PREPROCESS_TF;
}

/* Of "outer/resnet50:1/conv1" the middle, of a layer that is in no other model the name of the whole. */
static cvz_preprocess by_model(const cvz_graph *graph, const char *path)
{
  const char *name = path, *end = strrchr(path, '/');
  if (!end) return graph->name ? by_name(graph->name, strlen(graph->name)) : CVZ_PREPROCESS_TF;
  for (const char *at = path; at < end; at++)
    if (*at == '/') name = at + 1;
  const size_t length = (size_t)(end - name), call = strcspn(name, ":");
  return by_name(name, call < length ? call : length);
}

cvz_preprocess cvz_preprocess_detect(const cvz_graph *graph)
{
  cvz_preprocess found = CVZ_PREPROCESS_TF;
  const int first = first_node(graph);
  if (first < 0) return found;
  const cvz_node *node = &graph->nodes[first];
  if (!scales(node, &found)) found = by_model(graph, graph->layers[node->layer].name);
  return cvz_preprocess_fits(found, graph->nodes[graph->input].input.channels) ? found : CVZ_PREPROCESS_TF;
}
