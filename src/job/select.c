#include "job/select.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

typedef struct selection {
  const cvz_graph *graph;
  cvz_choice *choices; /* room for every layer */
  int count;
  int *place; /* of each layer in choices, plus one; 0 if not chosen */
} selection;

static void choose(selection *s, int layer, bool named)
{
  if (!s->place[layer]) {
    s->choices[s->count++] = (cvz_choice){layer, named};
    s->place[layer] = s->count;
  }
  if (named) s->choices[s->place[layer] - 1].named = true;
}

bool cvz_select_is_input(const cvz_layer *layer)
{
  return !strcmp(layer->class_name, "InputLayer");
}

static bool is_convolution(const cvz_layer *layer)
{
  static const char *const classes[] = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (!strcmp(layer->class_name, classes[i])) return true;
  return false;
}

static bool means(const char *item, const cvz_layer *layer)
{
  if (cvz_select_is_input(layer)) return false;
  if (!strcmp(item, "all")) return true;
  if (!strcmp(item, "conv")) return is_convolution(layer);
  return fnmatch(item, layer->name, 0) == 0;
}

static cvz_status fail_unknown(const cvz_graph *graph, const char *item, cvz_error *error)
{
  char closest[512] = "";
  const char **names = cvz_array((size_t)graph->layer_count, sizeof *names, error);
  if (!names) return CVZ_E_MEMORY;
  for (int i = 0; i < graph->layer_count; i++) names[i] = graph->layers[i].name;
  cvz_text_closest(item, names, (size_t)graph->layer_count, closest, sizeof closest);
  free(names);
  if (closest[0])
    return cvz_fail(error, CVZ_E_USAGE, "layer: '%.200s' is not in the model, closest: %s", item, closest);
  return cvz_fail(error, CVZ_E_USAGE, "layer: '%.200s' is not in the model, --list-layers shows what is", item);
}

static cvz_status select_item(selection *s, const char *item, cvz_error *error)
{
  const bool keyword = !strcmp(item, "all") || !strcmp(item, "conv");
  const int exact = keyword ? -1 : cvz_graph_find_layer(s->graph, item);
  bool any = exact >= 0;
  if (exact >= 0) choose(s, exact, true);
  for (int i = 0; exact < 0 && i < s->graph->layer_count; i++) {
    if (!means(item, &s->graph->layers[i])) continue;
    choose(s, i, false);
    any = true;
  }
  if (any) return CVZ_OK;
  if (!keyword && !strpbrk(item, "*?[")) return fail_unknown(s->graph, item, error);
  return cvz_fail(error, CVZ_E_USAGE, "layer: '%.200s' fits no layer of the model, --list-layers shows their names",
                  item);
}

static cvz_status select_all(selection *s, const char *list, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  char *copy = cvz_copy_text(list, error), *rest = NULL;
  if (!copy) return CVZ_E_MEMORY;
  for (char *item = strtok_r(copy, ",", &rest); item && status == CVZ_OK; item = strtok_r(NULL, ",", &rest)) {
    while (isspace((unsigned char)*item)) item++;
    size_t length = strlen(item);
    while (length && isspace((unsigned char)item[length - 1])) item[--length] = 0;
    status = select_item(s, item, error);
  }
  free(copy);
  return status;
}

cvz_status cvz_select_layers(cvz_choice **choices, int *count, const cvz_graph *graph, const char *list,
                             cvz_error *error)
{
  cvz_status status = CVZ_E_MEMORY;
  selection s = {.graph = graph};
  *choices = NULL;
  s.choices = cvz_array((size_t)graph->layer_count, sizeof *s.choices, error);
  s.place = cvz_array((size_t)graph->layer_count, sizeof *s.place, error);
  if (!s.choices || !s.place) goto done;
  CVZ_TRY_GOTO(select_all(&s, list, error), done);
  *choices = s.choices;
  *count = s.count;
  s.choices = NULL;
done:
  free(s.place);
  free(s.choices);
  return status;
}
