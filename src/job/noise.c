#include "job/noise.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

cvz_status cvz_layer_noise_create(cvz_layer_noise *noise, const cvz_work *work, cvz_error *error)
{
  size_t most = 0;
  for (int i = 0; i < work->layer_count; i++)
    if ((size_t)work->layers[i].filter_count > most) most = (size_t)work->layers[i].filter_count;
  *noise = (cvz_layer_noise){.work = work, .layer = -1};
  noise->wanted = cvz_array(most, sizeof *noise->wanted, error);
  noise->channels = cvz_array(most, sizeof *noise->channels, error);
  noise->found = cvz_array(most, sizeof *noise->found, error);
  noise->noise = cvz_array(most, sizeof *noise->noise, error);
  noise->known = cvz_array(most, sizeof *noise->known, error);
  return noise->wanted && noise->channels && noise->found && noise->noise && noise->known ? CVZ_OK : CVZ_E_MEMORY;
}

void cvz_layer_noise_free(cvz_layer_noise *noise)
{
  free(noise->wanted);
  free(noise->channels);
  free(noise->found);
  free(noise->noise);
  free(noise->known);
  *noise = (cvz_layer_noise){0};
}

static const cvz_work_layer *turn_to(cvz_layer_noise *noise, int layer)
{
  const cvz_work_layer *turned = &noise->work->layers[layer];
  if (noise->layer != layer) memset(noise->known, 0, (size_t)turned->filter_count * sizeof *noise->known);
  noise->layer = layer;
  return turned;
}

/* The unit's filter, and those of the layer that the share has yet to begin. */
static int list_wanted(cvz_layer_noise *noise, const cvz_work_layer *layer, int place, const cvz_share *share)
{
  int count = 0;
  noise->wanted[count++] = place;
  for (int i = share->next; i < share->end; i++) {
    const int other = share->units[i] - layer->first_unit;
    if (other < 0 || other >= layer->filter_count || other == place || noise->known[other]) continue;
    noise->wanted[count++] = other;
  }
  for (int i = 0; i < count; i++) noise->channels[i] = layer->filters[noise->wanted[i]];
  return count;
}

cvz_status cvz_layer_noise_of(cvz_layer_noise *noise, int unit, const cvz_share *share, cvz_run *run,
                              const cvz_ascent_recipe *recipe, uint64_t name, cvz_noise *found, cvz_error *error)
{
  const cvz_work_layer *layer = turn_to(noise, cvz_work_layer_of(noise->work, unit));
  const int place = unit - layer->first_unit;
  if (!noise->known[place]) {
    const int count = list_wanted(noise, layer, place, share);
    CVZ_TRY(cvz_score_noise(run, recipe, name, noise->channels, count, noise->found, error));
    for (int i = 0; i < count; i++) {
      noise->noise[noise->wanted[i]] = noise->found[i];
      noise->known[noise->wanted[i]] = true;
    }
  }
  *found = noise->noise[place];
  return CVZ_OK;
}
