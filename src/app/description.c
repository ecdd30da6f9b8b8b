#include "app/description.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/spectrum.h"
#include "base/hash.h"
#include "base/memory.h"
#include "image/grid.h"
#include "site/network.h"
#include "store/sheets.h"

static void add_text(cvz_description *description, const char *key, const char *text)
{
  description->attributes[description->attribute_count++] =
      (cvz_attribute){.key = key, .kind = CVZ_ATTRIBUTE_TEXT, .text = text};
}

static void add_hash(cvz_description *description, const char *key, uint64_t hash, char text[24])
{
  snprintf(text, 24, "%016" PRIx64, hash);
  add_text(description, key, text);
}

void cvz_description_attributes(cvz_description *description, const cvz_source *source, const cvz_settled *settled,
                                const cvz_compute *compute, const cvz_method *method)
{
  const cvz_options *options = &settled->options;
  cvz_option_attributes *parameters = &description->parameters;
  cvz_options_attributes(options, parameters);
  memcpy(description->attributes, parameters->items, (size_t)parameters->count * sizeof *parameters->items);
  description->attribute_count = parameters->count;
  add_text(description, "program", "convviz-mpi " CONVVIZ_VERSION);
  add_text(description, "model_name", source->graph.name ? source->graph.name : "");
  add_hash(description, "model_xxh64", source->hash, description->model_hash);
  add_text(description, "input_range", cvz_preprocess_name(source->graph.preprocess));
  if (options->labels) add_hash(description, "labels_xxh64", settled->labels.hash, description->labels_hash);
  if (options->directions)
    add_hash(description, "directions_xxh64", settled->directions.hash, description->directions_hash);
  if (method->magnitudes)
    add_hash(description, "spectrum_xxh64",
             cvz_hash(method->magnitudes, cvz_spectrum_count(method->image) * sizeof(float)),
             description->spectrum_hash);
  add_text(description, "instruction_set", cvz_isa_name(compute->kernels->isa));
  add_text(description, "gemm", compute->gemm->name);
  add_text(description, "gemm_core", cvz_compute_core(compute));
}

static cvz_status describe_layer(const cvz_work_layer *layer, const cvz_graph *graph, const cvz_method *method,
                                 cvz_output_layer *output, cvz_error *error)
{
  const int height = method->image.height, width = method->image.width;
  cvz_grid grid;
  CVZ_TRY(cvz_sheets_first_grid(&grid, layer->filter_count, cvz_picture_length(&method->recipe, width, height),
                                cvz_picture_length(&method->recipe, height, width), CVZ_GRID_MARGIN, error));
  *output = (cvz_output_layer){
      .name = layer->name,
      .class_name = graph->layers[layer->layer].class_name,
      .asked = {layer->placed ? NULL : graph->layers[layer->layer].name, layer->objective, layer->by_filter},
      .stem = layer->stem,
      .count = layer->filter_count,
      .columns = grid.columns,
      .tile_width = grid.tile_width,
      .tile_height = grid.tile_height,
      .summary = cvz_layer_summary_empty()};
  cvz_shape_text(layer->shape, output->shape, sizeof output->shape);
  return CVZ_OK;
}

cvz_status cvz_description_layers(cvz_description *description, const cvz_graph *graph, const cvz_work *work,
                                  const cvz_method *method, const cvz_output_part *part, cvz_error *error)
{
  description->layers = cvz_array((size_t)work->layer_count, sizeof *description->layers, error);
  if (!description->layers) return CVZ_E_MEMORY;
  for (int i = 0; i < work->layer_count; i++)
    CVZ_TRY(describe_layer(&work->layers[i], graph, method, &description->layers[i], error));
  CVZ_TRY(cvz_network_json(graph, &description->network, error));
  description->manifest = (cvz_manifest){.part = part,
                                         .attributes = description->attributes,
                                         .attribute_count = description->attribute_count,
                                         .layers = description->layers,
                                         .layer_count = work->layer_count,
                                         .network = description->network.data};
  return CVZ_OK;
}

void cvz_description_free(cvz_description *description)
{
  free(description->layers);
  cvz_text_free(&description->network);
}
