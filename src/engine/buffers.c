#include <stdlib.h>

#include "base/memory.h"
#include "engine/arrange.h"
#include "engine/lifetime.h"

/* Times: forward group i at i, backward group i at 2 * groups - 1 - i; the steps of a group take turns. */
typedef struct cvz_lives {
  cvz_plan *plan;
  cvz_lifetime *data, *gradients, *bits; /* per value */
  cvz_lifetime *states;                  /* per step */
  cvz_lifetime *scratch;
} cvz_lives;

static void extend(cvz_lifetime *buffer, int time)
{
  if (time < buffer->first) buffer->first = time;
  if (time > buffer->last) buffer->last = time;
}

static void use_data(const cvz_lives *lives, int value, int time)
{
  extend(&lives->data[lives->plan->values[value].data_home], time);
}

static void use_gradient(const cvz_lives *lives, int value, int time)
{
  extend(&lives->gradients[lives->plan->values[value].gradient_home], time);
}

static size_t stored(const cvz_value *value, bool local, int rows)
{
  const size_t row = (size_t)cvz_region_width(value->region) * (size_t)cvz_value_channels(value);
  return local ? row * (size_t)rows : cvz_value_count(value);
}

static size_t bits_count(const cvz_value *value)
{
  const size_t pixels = (size_t)cvz_region_height(value->region) * (size_t)cvz_region_width(value->region);
  return value->has_bits ? pixels * cvz_bits_words(cvz_value_channels(value)) * sizeof(uint64_t) / sizeof(float) : 0;
}

static void start_lives(const cvz_lives *lives)
{
  cvz_plan *plan = lives->plan;
  const int end = 2 * plan->group_count;
  for (int i = 0; i < plan->value_count; i++) {
    cvz_value *value = &plan->values[i];
    lives->data[i] = (cvz_lifetime){value->data_home == i ? cvz_value_count(value) : 0, end, 0, &value->data};
    lives->gradients[i] =
        (cvz_lifetime){value->gradient_home == i ? cvz_value_count(value) : 0, end, 0, &value->gradient};
    lives->bits[i] = (cvz_lifetime){bits_count(value), end, 0, &value->bits};
  }
  *lives->scratch = (cvz_lifetime){0, 0, end, &plan->scratch_offset};
}

static void live_input(const cvz_lives *lives, const cvz_step *step, int index, int time, int back)
{
  const int value = step->inputs[index].value;
  use_data(lives, value, time);
  use_gradient(lives, value, back);
  if (step->operation->reads_inputs) use_data(lives, value, back);
  if (step->inputs[index].masks) extend(&lives->bits[value], back);
}

static void live_step(const cvz_lives *lives, int index, const cvz_group *group, int time)
{
  const cvz_plan *plan = lives->plan;
  cvz_step *step = &lives->plan->steps[index];
  const cvz_value *output = cvz_step_output(plan, step);
  const int back = 2 * plan->group_count - 1 - time;
  lives->data[step->output].count =
      output->data_home == step->output ? stored(output, output->local_data, group->rows) : 0;
  lives->gradients[step->output].count =
      output->gradient_home == step->output ? stored(output, output->local_gradient, group->rows) : 0;
  use_data(lives, step->output, time);
  use_gradient(lives, step->output, back);
  extend(&lives->bits[step->output], time);
  extend(&lives->bits[step->output], back);
  if (step->operation->reads_output || (step->clamps && !output->has_bits)) use_data(lives, step->output, back);
  for (int j = 0; j < step->input_count; j++) live_input(lives, step, j, time, back);
  for (int j = 0; output->narrow && j < step->input_count; j++) /* for cvz_run_forward_channel */
    use_data(lives, step->inputs[j].value, plan->group_count - 1);
  lives->states[index] = (cvz_lifetime){step->state, time, back, &step->state_offset};
  if (step->scratch > lives->scratch->count) lives->scratch->count = step->scratch;
}

static void live(const cvz_lives *lives)
{
  const cvz_plan *plan = lives->plan;
  const int end = 2 * plan->group_count;
  start_lives(lives);
  for (int i = 0; i < plan->group_count; i++)
    for (int j = plan->groups[i].first; j < plan->groups[i].first + plan->groups[i].count; j++)
      live_step(lives, j, &plan->groups[i], i);
  use_data(lives, plan->image, 0);
  use_data(lives, plan->image, end);
  use_gradient(lives, plan->image, end);
  use_data(lives, plan->target, end / 2);
  use_gradient(lives, plan->target, end / 2);
}

/* Values find their home's buffer by themselves. */
static void copy_home_offsets(cvz_plan *plan)
{
  for (int i = 0; i < plan->value_count; i++) {
    plan->values[i].data = plan->values[plan->values[i].data_home].data;
    plan->values[i].gradient = plan->values[plan->values[i].gradient_home].gradient;
  }
}

cvz_status cvz_arrange_buffers(cvz_plan *plan, cvz_error *error)
{
  const int values = plan->value_count, count = 3 * values + plan->step_count + 1;
  cvz_lifetime *buffers = cvz_array((size_t)count, sizeof *buffers, error);
  if (!buffers) return CVZ_E_MEMORY;
  const cvz_lives lives = {
      plan, buffers, buffers + values, buffers + 2 * values, buffers + 3 * values, buffers + count - 1};
  live(&lives);
  const cvz_status status = cvz_lifetime_place(buffers, count, &plan->arena, error);
  free(buffers);
  if (status == CVZ_OK) copy_home_offsets(plan);
  return status;
}
