#include "engine/fold.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static double weight_or(const cvz_graph *graph, const float *values, int weight, int channel, double otherwise)
{
  return weight == CVZ_NO_WEIGHT ? otherwise : (double)values[graph->weights[weight].offset + (size_t)channel];
}

void cvz_fold_affine(const cvz_graph *graph, const float *values, const cvz_affine *affine, int channel, double *scale,
                     double *offset)
{
  if (affine->constants) {
    const int i = affine->constants > 1 ? channel : 0;
    *scale = affine->scale ? (double)affine->scale[i] : 1;
    *offset = affine->offset ? (double)affine->offset[i] : 0;
    return;
  }
  const double variance = weight_or(graph, values, affine->variance, channel, 1);
  const double epsilon = (double)affine->epsilon;
  const double deviation = affine->clamped ? fmax(sqrt(variance), epsilon) : sqrt(variance + epsilon);
  *scale = weight_or(graph, values, affine->gamma, channel, 1) / deviation;
  *offset =
      weight_or(graph, values, affine->beta, channel, 0) - weight_or(graph, values, affine->mean, channel, 0) * *scale;
}

void cvz_fold_output(const cvz_graph *graph, const float *values, const cvz_pack_request *request, int channel,
                     double *scale, double *offset)
{
  const cvz_node *node = &graph->nodes[request->node];
  *scale = 1, *offset = 0;
  if (node->op == CVZ_OP_AFFINE) {
    cvz_fold_affine(graph, values, &node->affine, channel, scale, offset);
    return;
  }
  if (request->affine >= 0)
    cvz_fold_affine(graph, values, &graph->nodes[request->affine].affine, channel, scale, offset);
  *offset += *scale * weight_or(graph, values, node->conv.bias, channel, 0);
}

static double kernel_factor(const cvz_graph *graph, const float *values, const cvz_pack_request *request, int channel)
{
  double scale = 1, offset;
  if (request->affine >= 0)
    cvz_fold_affine(graph, values, &graph->nodes[request->affine].affine, channel, &scale, &offset);
  return scale;
}

float *cvz_fold_kernel(const cvz_graph *graph, const float *values, const cvz_pack_request *request, cvz_error *error)
{
  const cvz_weight *weight = &graph->weights[graph->nodes[request->node].conv.kernel];
  const size_t channels = (size_t)request->channels;
  float *kernel = cvz_array(weight->count, sizeof *kernel, error);
  double *factors = cvz_array(channels, sizeof *factors, error);
  if (kernel && factors) {
    for (size_t c = 0; c < channels; c++) factors[c] = kernel_factor(graph, values, request, (int)c);
    for (size_t i = 0; i < weight->count; i += channels)
      for (size_t c = 0; c < channels; c++)
        kernel[i + c] = (float)((double)values[weight->offset + i + c] * factors[c]);
  } else {
    free(kernel);
    kernel = NULL;
  }
  free(factors);
  return kernel;
}
