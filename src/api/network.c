#include <stdlib.h>

#include "api/handles.h"
#include "kernel/gemm.h"
#include "model/keras.h"

const char *cvz_version(void)
{
  return CONVVIZ_VERSION;
}

static cvz_status load(cvz_network *network, const char *path, const char *arch, cvz_error *error)
{
  const cvz_isa isa = cvz_cpu_isa();
  cvz_keras_file *file;
  CVZ_TRY(cvz_kernels_select(&network->kernels, isa, error));
  CVZ_TRY(cvz_gemm_select(&network->gemm, NULL, isa, error));
  CVZ_TRY(cvz_keras_open(&file, path, arch, error));
  cvz_status status = cvz_keras_graph(&network->graph, file, error);
  if (status == CVZ_OK) status = cvz_block_create(&network->values, network->graph.value_count * sizeof(float), error);
  if (status == CVZ_OK) status = cvz_keras_read(file, &network->graph, NULL, network->values.data, NULL, error);
  cvz_keras_close(file);
  return status;
}

cvz_status cvz_network_open(cvz_network **network, const char *path, const char *arch, cvz_error *error)
{
  cvz_network *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  const cvz_status status = load(opened, path, arch, error);
  if (status == CVZ_OK)
    *network = opened;
  else
    cvz_network_close(opened);
  return status;
}

void cvz_network_close(cvz_network *network)
{
  if (!network) return;
  cvz_block_free(&network->values);
  cvz_graph_free(&network->graph);
  free(network);
}

cvz_dimensions cvz_network_image(const cvz_network *network)
{
  const cvz_shape image = network->graph.nodes[network->graph.input].input;
  return (cvz_dimensions){image.height, image.width, image.channels};
}

int cvz_network_layer_count(const cvz_network *network)
{
  return network->graph.layer_count;
}

cvz_layer_info cvz_network_layer(const cvz_network *network, int index)
{
  const cvz_layer *layer = &network->graph.layers[index];
  const char *problem = layer->problem ? layer->problem : "not supported";
  return (cvz_layer_info){layer->name, layer->class_name, layer->node < 0 ? problem : NULL};
}

cvz_status cvz_network_expect(cvz_network *network, const char *preprocess, cvz_error *error)
{
  return cvz_graph_set_preprocess(&network->graph, preprocess, error);
}

void cvz_network_from_rgb(const cvz_network *network, const float *rgb, size_t pixels, float *image)
{
  const cvz_input_range range = cvz_graph_input_range(&network->graph);
  cvz_input_from_rgb(&range, rgb, pixels, image);
}
