#include <stdlib.h>

#include "base/memory.h"
#include "engine/arrange.h"

#define BAND_PIXELS 96 /* enough rows for the products to run at full speed, few enough for the second-level cache */

static bool is_pointwise(const cvz_plan *plan, const cvz_step *step)
{
  return !plan->redirects && step->forward->pointwise && step->backward->pointwise;
}

static int output_width(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_region_width(cvz_step_output(plan, step)->region);
}

static int output_height(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_region_height(cvz_step_output(plan, step)->region);
}

static bool made_within(const cvz_plan *plan, const cvz_group *group, int value)
{
  for (int i = group->first; i < group->first + group->count; i++)
    if (plan->steps[i].output == value) return true;
  return false;
}

/* Bands pass from step to step if each has the same rows and columns as what it reads of the group. */
static bool joins(const cvz_plan *plan, const cvz_group *group, const cvz_step *step)
{
  if (!is_pointwise(plan, step)) return false;
  if (cvz_step_output(plan, step)->narrow != cvz_group_is_narrow(plan, group)) return false;
  const cvz_region out = cvz_step_output(plan, step)->region;
  for (int i = 0; i < step->input_count; i++) {
    if (!made_within(plan, group, step->inputs[i].value)) continue;
    const cvz_region in = cvz_step_input(plan, step, i)->region;
    if (in.y0 != out.y0 || in.y1 != out.y1 || in.x0 != out.x0 || in.x1 != out.x1) return false;
  }
  return output_height(plan, step) == output_height(plan, &plan->steps[group->first]) &&
         output_width(plan, step) == output_width(plan, &plan->steps[group->first]);
}

/* Bands of about the same height; a map of up to one and a half bands is one, so that its weights pass once. */
static int band_rows(const cvz_plan *plan, const cvz_step *step)
{
  const int height = output_height(plan, step), pixels = height * output_width(plan, step);
  const int bands = (pixels + BAND_PIXELS / 2) / BAND_PIXELS;
  const int rows = bands > 1 ? (height + bands / 2) / bands : height;
  return rows < 1 ? 1 : rows;
}

static void form_groups(cvz_plan *plan)
{
  for (int i = 0; i < plan->step_count; i++) {
    cvz_group *last = plan->group_count ? &plan->groups[plan->group_count - 1] : NULL;
    const cvz_step *step = &plan->steps[i];
    if (last && last->rows && joins(plan, last, step))
      last->count++;
    else
      plan->groups[plan->group_count++] = (cvz_group){i, 1, is_pointwise(plan, step) ? band_rows(plan, step) : 0};
  }
}

static bool outlives(const cvz_plan *plan, const cvz_group *group, int value)
{
  for (int i = 0; i < plan->step_count; i++)
    for (int j = 0; j < plan->steps[i].input_count; j++)
      if (plan->steps[i].inputs[j].value == value && (i < group->first || i >= group->first + group->count))
        return true;
  return false;
}

static bool read_backward(const cvz_plan *plan, const cvz_step *maker)
{
  if (maker->operation->reads_output || (maker->clamps && !cvz_step_output(plan, maker)->has_bits)) return true;
  for (int i = 0; i < plan->step_count; i++)
    for (int j = 0; j < plan->steps[i].input_count; j++)
      if (plan->steps[i].inputs[j].value == maker->output && plan->steps[i].operation->reads_inputs) return true;
  return false;
}

static bool is_home(const cvz_plan *plan, int value, bool gradient)
{
  for (int i = 0; i < plan->value_count; i++) {
    const int home = gradient ? plan->values[i].gradient_home : plan->values[i].data_home;
    if (i != value && home == value) return true;
  }
  return (gradient ? plan->values[value].gradient_home : plan->values[value].data_home) != value;
}

/* What lives and dies within a band needs room for a band only, and never leaves the cache. */
static void find_local_values(cvz_plan *plan, const cvz_group *group)
{
  for (int i = group->first; i < group->first + group->count; i++) {
    const cvz_step *step = &plan->steps[i];
    cvz_value *value = &plan->values[step->output];
    if (step->output == plan->target || outlives(plan, group, step->output)) continue;
    value->local_data = !read_backward(plan, step) && !is_home(plan, step->output, false);
    value->local_gradient = !is_home(plan, step->output, true);
  }
}

cvz_status cvz_arrange_groups(cvz_plan *plan, cvz_error *error)
{
  plan->groups = cvz_array((size_t)plan->step_count, sizeof *plan->groups, error);
  if (!plan->groups) return CVZ_E_MEMORY;
  form_groups(plan);
  for (int i = 0; i < plan->group_count; i++)
    if (plan->groups[i].rows) find_local_values(plan, &plan->groups[i]);
  return CVZ_OK;
}
