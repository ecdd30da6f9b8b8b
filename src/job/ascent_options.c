#include "job/ascent_options.h"

#include <assert.h>
#include <string.h>

/* The place of a word in its option's "a|b|c"; the enumerations of ascent/recipe.h have the same order. */
static int choice(const char *value, cvz_option_id id)
{
  const char *words = cvz_options_table()[id].argument;
  for (int i = 0;; i++, words++) {
    const size_t length = strcspn(words, "|");
    if (length == strlen(value) && !memcmp(words, value, length)) return i;
    words += length;
    assert(*words);
  }
}

#define CHOICE(field) choice(options->field, CVZ_OPTION_##field)

static cvz_parametrization_recipe parametrization_of(const cvz_options *options)
{
  return (cvz_parametrization_recipe){.basis = (cvz_basis)CHOICE(parametrization),
                                      .output = (cvz_output)CHOICE(limit),
                                      .colour = (cvz_colour)CHOICE(colours),
                                      .deviation = (float)options->start_deviation,
                                      .decay = (float)options->decay_power,
                                      .levels = options->levels,
                                      .natural = !strcmp(options->spectrum_from, "natural")};
}

static cvz_transform_recipe transform_of(const cvz_options *options)
{
  return (cvz_transform_recipe){.jitter = options->jitter,
                                .late_jitter = options->late_jitter,
                                .scale_low = (float)options->scale_low,
                                .scale_high = (float)options->scale_high,
                                .scale_count = options->scale_count,
                                .rotate = (float)options->rotate,
                                .rotate_count = options->rotate_count,
                                .rotate_zeros = options->rotate_zeros,
                                .flip = options->flip,
                                .box_first = (float)options->box_first,
                                .box_last = (float)options->box_last,
                                .octaves = options->octaves,
                                .octave_scale = (float)options->octave_scale,
                                .noise = (float)options->noise,
                                .views = options->views,
                                .beyond = (cvz_beyond)CHOICE(beyond),
                                .lasting = options->lasting};
}

static cvz_optimizer_recipe optimizer_of(const cvz_options *options)
{
  return (cvz_optimizer_recipe){.rule = (cvz_rule)CHOICE(optimizer),
                                .momentum = (float)options->momentum,
                                .second = (float)options->second_moment,
                                .epsilon = (float)options->epsilon,
                                .schedule = (cvz_schedule_kind)CHOICE(rate_schedule),
                                .rate_last = (float)options->rate_last,
                                .patience = options->patience,
                                .least_gain = (float)options->least_gain};
}

static cvz_regularizer_recipe regularizer_of(const cvz_options *options)
{
  return (cvz_regularizer_recipe){.variation = (float)options->variation,
                                  .l1 = (float)options->l1,
                                  .l2 = (float)options->l2,
                                  .lp_weight = (float)options->lp,
                                  .lp_power = (float)options->lp_power,
                                  .decay = (float)options->decay,
                                  .blur = (float)options->blur,
                                  .blur_every = options->blur_every,
                                  .smoothing = (float)options->gradient_blur};
}

cvz_ascent_recipe cvz_ascent_options(const cvz_options *options, const cvz_graph *graph)
{
  return (cvz_ascent_recipe){.iterations = options->iterations,
                             .learning_rate = (float)options->learning_rate,
                             .init_spread = (float)options->init_scale,
                             .picture_border = options->picture_border,
                             .seed = options->seed,
                             .range = cvz_graph_input_range(graph),
                             .picture = (cvz_picture_kind)CHOICE(picture),
                             .frames = options->frames,
                             .alpha = options->alpha,
                             .parametrization = parametrization_of(options),
                             .transform = transform_of(options),
                             .optimizer = optimizer_of(options),
                             .regularizer = regularizer_of(options)};
}

cvz_size cvz_ascent_view(const cvz_options *options)
{
  return options->origin[CVZ_OPTION_view] ? options->view : options->size;
}

cvz_climb_settings cvz_ascent_climb(const cvz_options *options)
{
  return (cvz_climb_settings){.repeats = options->repeats,
                              .keep = options->keep_repeats,
                              .rescue = !strcmp(options->rescue, "on"),
                              .redirect = options->redirect,
                              .negative = !strcmp(options->sign, "negative"),
                              .both = !strcmp(options->sign, "both")};
}
