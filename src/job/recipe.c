#include "job/recipe.h"

#include <string.h>

/* One recipe: the values of options as text, NULL where the recipe leaves an option alone. */
typedef struct recipe {
  const char *name;
  const char *values[CVZ_OPTION_COUNT];
} recipe;

/* The image and the transforms of Lucid. */
#define LUCID(wanted_jitter)                                                                                           \
  [CVZ_OPTION_loss_border] = "0", [CVZ_OPTION_picture_border] = "0", [CVZ_OPTION_init_scale] = "0",                    \
  [CVZ_OPTION_picture] = "direct", [CVZ_OPTION_parametrization] = "fourier", [CVZ_OPTION_limit] = "sigmoid",           \
  [CVZ_OPTION_colours] = "lucid", [CVZ_OPTION_jitter] = (wanted_jitter), [CVZ_OPTION_scale_low] = "0.9",               \
  [CVZ_OPTION_scale_high] = "1.1", [CVZ_OPTION_scale_count] = "11", [CVZ_OPTION_rotate] = "10",                        \
  [CVZ_OPTION_rotate_count] = "21", [CVZ_OPTION_rotate_zeros] = "5", [CVZ_OPTION_late_jitter] = "4"

static const recipe recipes[] = {
    /* The arithmetic of the Keras example "Visualizing what convnets learn". */
    {"keras",
     {
         [CVZ_OPTION_size] = "180",
         [CVZ_OPTION_iterations] = "30",
         [CVZ_OPTION_learning_rate] = "10",
         [CVZ_OPTION_loss_border] = "2",
         [CVZ_OPTION_picture_border] = "25",
         [CVZ_OPTION_init_scale] = "0.25",
     }},
    /* Lucid's image(128) and standard_transforms: lucid/optvis/param/images.py, transform.py, render.py. */
    {"lucid",
     {
         [CVZ_OPTION_size] = "128",
         [CVZ_OPTION_iterations] = "512",
         LUCID("8"),
         [CVZ_OPTION_optimizer] = "adam",
         [CVZ_OPTION_learning_rate] = "0.05",
         [CVZ_OPTION_epsilon] = "1e-8",
     }},
    /* Lucid's image and transforms in less than a tenth of the steps: found by trials, see docs/recipes.md. */
    {"fast",
     {
         [CVZ_OPTION_size] = "128",
         [CVZ_OPTION_iterations] = "48",
         LUCID("16"),
         [CVZ_OPTION_beyond] = "mirror",
         [CVZ_OPTION_optimizer] = "normalized",
         [CVZ_OPTION_learning_rate] = "3",
         [CVZ_OPTION_rate_schedule] = "cosine",
         [CVZ_OPTION_rate_last] = "0.1",
     }},
    /* TensorFlow's tutorial "DeepDream": a whole layer, octaves, a step by the gradient over its deviation, 50 steps an
       octave. */
    {"deepdream",
     {
         [CVZ_OPTION_objective] = "layer",
         [CVZ_OPTION_size] = "512",
         [CVZ_OPTION_iterations] = "200",
         [CVZ_OPTION_loss_border] = "0",
         [CVZ_OPTION_picture_border] = "0",
         [CVZ_OPTION_init_scale] = "0.5",
         [CVZ_OPTION_picture] = "direct",
         [CVZ_OPTION_limit] = "clip",
         [CVZ_OPTION_octaves] = "4",
         [CVZ_OPTION_octave_scale] = "1.3",
         [CVZ_OPTION_jitter] = "512",
         [CVZ_OPTION_beyond] = "mirror",
         [CVZ_OPTION_optimizer] = "standardized",
         [CVZ_OPTION_learning_rate] = "0.01",
     }},
    /* ActivationMaximization of tf-keras-vis: activation_maximization/__init__.py. */
    {"tf-keras-vis",
     {
         [CVZ_OPTION_size] = "224",
         [CVZ_OPTION_iterations] = "200",
         [CVZ_OPTION_loss_border] = "0",
         [CVZ_OPTION_picture_border] = "0",
         [CVZ_OPTION_init_scale] = "2",
         [CVZ_OPTION_picture] = "direct",
         [CVZ_OPTION_jitter] = "8",
         [CVZ_OPTION_rotate] = "1",
         [CVZ_OPTION_beyond] = "mirror",
         [CVZ_OPTION_lasting] = "true",
         [CVZ_OPTION_variation] = "1",
         [CVZ_OPTION_l1] = "0.3",
         [CVZ_OPTION_optimizer] = "rmsprop",
         [CVZ_OPTION_second_moment] = "0.999",
         [CVZ_OPTION_epsilon] = "1e-7",
         [CVZ_OPTION_learning_rate] = "0.00784313725",
     }},
    /* MaCo of xplique: features_visualizations/maco.py, preconditioning.py. */
    {"maco",
     {
         [CVZ_OPTION_size] = "512",
         [CVZ_OPTION_view] = "224",
         [CVZ_OPTION_iterations] = "256",
         [CVZ_OPTION_loss_border] = "0",
         [CVZ_OPTION_picture_border] = "0",
         [CVZ_OPTION_init_scale] = "0",
         [CVZ_OPTION_picture] = "direct",
         [CVZ_OPTION_parametrization] = "phase",
         [CVZ_OPTION_spectrum_from] = "natural",
         [CVZ_OPTION_limit] = "sigmoid",
         [CVZ_OPTION_colours] = "maco",
         [CVZ_OPTION_start_deviation] = "1",
         [CVZ_OPTION_box_first] = "0.5",
         [CVZ_OPTION_box_last] = "0.05",
         [CVZ_OPTION_noise] = "0.04",
         [CVZ_OPTION_views] = "8",
         [CVZ_OPTION_optimizer] = "nadam",
         [CVZ_OPTION_learning_rate] = "1",
         [CVZ_OPTION_momentum] = "0.9",
         [CVZ_OPTION_second_moment] = "0.999",
         [CVZ_OPTION_epsilon] = "1e-7",
     }},
};

#define RECIPE_COUNT (sizeof recipes / sizeof *recipes)

static const recipe *find(const char *name)
{
  for (size_t i = 0; i < RECIPE_COUNT; i++)
    if (!strcmp(recipes[i].name, name)) return &recipes[i];
  return NULL;
}

const char *cvz_recipe_value(const char *name, cvz_option_id id)
{
  const recipe *found = find(name);
  return found ? found->values[id] : NULL;
}

static cvz_status fail_unknown(const char *name, cvz_error *error)
{
  cvz_text known = {0};
  for (size_t i = 0; i < RECIPE_COUNT; i++) cvz_text_add(&known, "%s%s", i ? ", " : "", recipes[i].name);
  cvz_fail(error, CVZ_E_USAGE, "recipe: '%.200s', expected one of: %s", name, known.data ? known.data : "");
  cvz_text_free(&known);
  return CVZ_E_USAGE;
}

cvz_status cvz_recipe_apply(cvz_options *options, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_RECIPE, "recipe: ", NULL};
  const recipe *found = find(options->recipe);
  if (!found) return fail_unknown(options->recipe, error);
  for (int i = 0; i < CVZ_OPTION_COUNT; i++)
    if (found->values[i]) CVZ_TRY(cvz_options_set(options, (cvz_option_id)i, found->values[i], &source, error));
  return CVZ_OK;
}
