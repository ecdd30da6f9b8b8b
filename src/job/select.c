#include "job/select.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "job/blocks.h"

typedef struct selection {
  const cvz_graph *graph;
  cvz_choice *choices; /* room for every layer */
  int count;
  int *place;   /* of each layer in choices, plus one; 0 if not chosen */
  bool *blocks; /* layers that are outputs of blocks, while they are chosen */
} selection;

static void choose(selection *s, cvz_choice choice)
{
  int *place = &s->place[choice.layer];
  if (!*place) {
    s->choices[s->count++] = choice;
    *place = s->count;
  }
  s->choices[*place - 1].named |= choice.named;
  s->choices[*place - 1].vectors |= choice.vectors;
}

bool cvz_select_is_input(const cvz_graph *graph, const cvz_layer *layer)
{
  return layer->node >= 0 ? graph->nodes[layer->node].op == CVZ_OP_INPUT : !strcmp(layer->class_name, "InputLayer");
}

static bool is_convolution(const cvz_layer *layer)
{
  static const char *const classes[] = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (!strcmp(layer->class_name, classes[i])) return true;
  return false;
}

static bool is_dense(const cvz_layer *layer)
{
  return !strcmp(layer->class_name, "Dense");
}

/* The class of "class:NAME", NULL of another item. */
static const char *class_of(const char *item)
{
  return strncmp(item, "class:", 6) ? NULL : item + 6;
}

static bool is_keyword(const char *item)
{
  static const char *const keywords[] = {"all", "conv", "last", "outputs-of-blocks"};
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
    if (!strcmp(item, keywords[i])) return true;
  return class_of(item);
}

static bool means(const char *item, const cvz_graph *graph, const cvz_layer *layer)
{
  const char *class_name = class_of(item);
  if (cvz_select_is_input(graph, layer)) return false;
  if (class_name) return !strcasecmp(class_name, layer->class_name);
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

cvz_status cvz_select_layer(int *layer, const cvz_graph *graph, const char *name, cvz_error *error)
{
  *layer = cvz_graph_find_layer(graph, name);
  return *layer >= 0 ? CVZ_OK : fail_unknown(graph, name, error);
}

static bool select_last(selection *s)
{
  const int last = cvz_blocks_last(s->graph);
  if (last >= 0) choose(s, (cvz_choice){last, true, true});
  return last >= 0;
}

static cvz_status select_blocks(selection *s, bool *any, cvz_error *error)
{
  CVZ_TRY(cvz_blocks_outputs(s->graph, s->blocks, error));
  for (int i = 0; i < s->graph->layer_count; i++) {
    if (!s->blocks[i]) continue;
    choose(s, (cvz_choice){i, false, false});
    *any = true;
  }
  return CVZ_OK;
}

/* Every layer that a pattern, a class or one of the keywords `conv` and `all` means. */
static bool select_matching(selection *s, const char *item)
{
  const bool maps = !strcmp(item, "all") || !strcmp(item, "conv");
  bool any = false;
  for (int i = 0; i < s->graph->layer_count; i++) {
    const cvz_layer *layer = &s->graph->layers[i];
    if (!means(item, s->graph, layer)) continue;
    choose(s, (cvz_choice){i, false, class_of(item) || (!maps && is_dense(layer))});
    any = true;
  }
  return any;
}

static cvz_status fail_nothing(const selection *s, const char *item, cvz_error *error)
{
  if (class_of(item))
    return cvz_fail(error, CVZ_E_USAGE, "layer: no layer of the model is a '%.200s', --list-layers shows their classes",
                    class_of(item));
  if (!is_keyword(item) && !strpbrk(item, "*?[")) return fail_unknown(s->graph, item, error);
  return cvz_fail(error, CVZ_E_USAGE, "layer: '%.200s' fits no layer of the model, --list-layers shows their names",
                  item);
}

static cvz_status select_item(selection *s, const char *item, cvz_error *error)
{
  const int exact = is_keyword(item) ? -1 : cvz_graph_find_layer(s->graph, item);
  bool any = exact >= 0;
  if (any)
    choose(s, (cvz_choice){exact, true, true});
  else if (!strcmp(item, "last"))
    any = select_last(s);
  else if (!strcmp(item, "outputs-of-blocks"))
    CVZ_TRY(select_blocks(s, &any, error));
  else
    any = select_matching(s, item);
  return any ? CVZ_OK : fail_nothing(s, item, error);
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
  s.blocks = cvz_array((size_t)graph->layer_count, sizeof *s.blocks, error);
  if (!s.choices || !s.place || !s.blocks) goto done;
  CVZ_TRY_GOTO(select_all(&s, list, error), done);
  *choices = s.choices;
  *count = s.count;
  s.choices = NULL;
done:
  free(s.blocks);
  free(s.place);
  free(s.choices);
  return status;
}
