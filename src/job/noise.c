#include "job/noise.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

cvz_status cvz_layer_noise_create(cvz_layer_noise *noise, const cvz_work *work, const cvz_graph *graph,
                                  const cvz_directions *directions, cvz_error *error)
{
  size_t most = 0;
  int terms = 0;
  for (int i = 0; i < work->layer_count; i++) {
    const cvz_work_layer *layer = &work->layers[i];
    if ((size_t)layer->filter_count > most) most = (size_t)layer->filter_count;
    if (layer->term_count > terms) terms = layer->term_count;
  }
  *noise = (cvz_layer_noise){.work = work, .graph = graph, .directions = directions, .layer = -1, .term_count = terms};
  noise->wanted = cvz_array(most, sizeof *noise->wanted, error);
  noise->units = cvz_array(most, sizeof *noise->units, error);
  noise->objectives = cvz_array(most, sizeof *noise->objectives, error);
  noise->terms = cvz_array(most, (size_t)terms * sizeof *noise->terms, error);
  noise->found = cvz_array(most, sizeof *noise->found, error);
  noise->noise = cvz_array(most, sizeof *noise->noise, error);
  noise->known = cvz_array(most, sizeof *noise->known, error);
  return noise->wanted && noise->units && noise->objectives && noise->terms && noise->found && noise->noise &&
                 noise->known
             ? CVZ_OK
             : CVZ_E_MEMORY;
}

void cvz_layer_noise_free(cvz_layer_noise *noise)
{
  free(noise->wanted);
  free(noise->units);
  free(noise->objectives);
  free(noise->terms);
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
  for (int i = 0; i < count; i++) {
    const int unit = layer->first_unit + noise->wanted[i];
    cvz_term *terms = noise->terms + (size_t)i * (size_t)noise->term_count;
    noise->objectives[i] = cvz_work_objective(noise->work, unit, noise->directions, terms);
    noise->units[i] = cvz_work_unit(noise->work, noise->graph, unit);
    noise->units[i].objective = &noise->objectives[i];
  }
  return count;
}

cvz_status cvz_layer_noise_of(cvz_layer_noise *noise, int unit, const cvz_share *share, cvz_run *run,
                              const cvz_ascent_recipe *recipe, cvz_noise *found, cvz_error *error)
{
  const cvz_work_layer *layer = turn_to(noise, cvz_work_layer_of(noise->work, unit));
  const int place = unit - layer->first_unit;
  if (!noise->known[place]) {
    const int count = list_wanted(noise, layer, place, share);
    CVZ_TRY(cvz_score_noise(run, recipe, noise->units, count, noise->found, error));
    for (int i = 0; i < count; i++) {
      noise->noise[noise->wanted[i]] = noise->found[i];
      noise->known[noise->wanted[i]] = true;
    }
  }
  *found = noise->noise[place];
  return CVZ_OK;
}
