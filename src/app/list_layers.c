#include "app/list_layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "job/cost.h"
#include "job/select.h"

#define PROBLEM_LENGTH 120

/* One line of the table. */
typedef struct row {
  const char *name, *class_name;
  char shape[48], filters[16], cost[24];
  char problem[PROBLEM_LENGTH];
} row;

static void describe(row *r, cvz_cost *cost, const cvz_graph *graph, const cvz_layer *layer)
{
  cvz_shape shape;
  cvz_error reason = {0};
  *r = (row){.name = layer->name, .class_name = layer->class_name, .shape = "-", .filters = "-", .cost = "-"};
  if (layer->node < 0) {
    snprintf(r->problem, sizeof r->problem, "%s", layer->problem ? layer->problem : "not supported");
  } else if (cvz_cost_shape(cost, layer->node, &shape, &reason) != CVZ_OK) {
    snprintf(r->problem, sizeof r->problem, "%.*s", PROBLEM_LENGTH - 1, reason.text);
  } else {
    cvz_shape_text(shape, r->shape, sizeof r->shape);
    if (cvz_select_is_input(graph, layer)) return;
    snprintf(r->filters, sizeof r->filters, "%d", shape.channels);
    snprintf(r->cost, sizeof r->cost, "%.3f", 1e-9 * cvz_cost_step(cost, layer->node));
  }
}

static void print_row(FILE *stream, const row *r, const int widths[3])
{
  cvz_text_print(stream, r->name, widths[0] + 2);
  cvz_text_print(stream, r->class_name, widths[1] + 2);
  cvz_text_print(stream, r->shape, widths[2] + 2);
  fprintf(stream, "%7s  %10s", r->filters, r->cost);
  if (r->problem[0]) fputs("  ", stream);
  cvz_text_print(stream, r->problem, 0);
  fputc('\n', stream);
}

static void widen(int *width, const char *text)
{
  const int length = (int)strlen(text);
  if (length > *width) *width = length;
}

static void print_table(FILE *stream, const row *rows, int count)
{
  const row heading = {"layer", "class", "output", "filters", "GFLOP/step", ""};
  int widths[3] = {(int)strlen(heading.name), (int)strlen(heading.class_name), (int)strlen(heading.shape)};
  for (int i = 0; i < count; i++) {
    widen(&widths[0], rows[i].name);
    widen(&widths[1], rows[i].class_name);
    widen(&widths[2], rows[i].shape);
  }
  print_row(stream, &heading, widths);
  for (int i = 0; i < count; i++) print_row(stream, &rows[i], widths);
}

cvz_status cvz_list_layers(FILE *stream, const cvz_graph *graph, cvz_size size, int border, cvz_error *error)
{
  cvz_cost cost = {0};
  cvz_status status = CVZ_E_MEMORY;
  row *rows = cvz_array((size_t)graph->layer_count, sizeof *rows, error);
  if (!rows) goto done;
  CVZ_TRY_GOTO(cvz_cost_create(&cost, graph, size.height, size.width, border, error), done);
  for (int i = 0; i < graph->layer_count; i++) describe(&rows[i], &cost, graph, &graph->layers[i]);
  print_table(stream, rows, graph->layer_count);
done:
  cvz_cost_free(&cost);
  free(rows);
  return status;
}
