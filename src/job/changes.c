#include "job/changes.h"

#include <string.h>

#include "job/recipe.h"

static bool same(const cvz_attribute *a, const cvz_attribute *b)
{
  if (a->kind != b->kind) return false;
  if (a->kind == CVZ_ATTRIBUTE_INTEGER) return a->integer == b->integer;
  if (a->kind == CVZ_ATTRIBUTE_REAL) return !memcmp(&a->real, &b->real, sizeof a->real);
  return !strcmp(a->text, b->text);
}

static bool is_told_elsewhere(cvz_option_id id)
{
  static const cvz_option_id told[] = {
      CVZ_OPTION_model, CVZ_OPTION_weights, CVZ_OPTION_arch, CVZ_OPTION_labels,     CVZ_OPTION_recipe,
      CVZ_OPTION_size,  CVZ_OPTION_seed,    CVZ_OPTION_init, CVZ_OPTION_iterations, CVZ_OPTION_keep_repeats};
  for (size_t i = 0; i < sizeof told / sizeof *told; i++)
    if (told[i] == id) return true;
  return false;
}

/* The option of that attribute if a command line may have it. */
static const cvz_option *option_of(const char *key)
{
  const unsigned wanted = CVZ_OPTION_IN_ARGUMENTS | CVZ_OPTION_CHANGES_PICTURE;
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) {
    const cvz_option *option = &cvz_options_table()[i];
    if (!strcmp(option->field, key) && (option->flags & wanted) == wanted && !is_told_elsewhere((cvz_option_id)i))
      return option;
  }
  return NULL;
}

static cvz_status take_recipe(cvz_options *options, const cvz_attribute *recipe, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_FILE, "", NULL};
  CVZ_TRY(cvz_options_init(options, error));
  CVZ_TRY(cvz_options_set(options, CVZ_OPTION_recipe, recipe->text, &source, error));
  return cvz_recipe_apply(options, error);
}

cvz_status cvz_changes_find(const cvz_attribute *attributes, int count, const cvz_option **changed, cvz_error *error)
{
  const cvz_attribute *recipe = cvz_attribute_find(attributes, count, "recipe");
  cvz_options options = {0};
  cvz_option_attributes usual = {0};
  for (int i = 0; i < count; i++) changed[i] = NULL;
  if (!recipe || recipe->kind != CVZ_ATTRIBUTE_TEXT) return CVZ_OK;
  cvz_status status = take_recipe(&options, recipe, error);
  if (status == CVZ_OK) cvz_options_attributes(&options, &usual);
  for (int i = 0; status == CVZ_OK && i < count; i++) {
    const cvz_attribute *other = cvz_attribute_find(usual.items, usual.count, attributes[i].key);
    if (!other || !same(&attributes[i], other)) changed[i] = option_of(attributes[i].key);
  }
  cvz_options_free(&options);
  return status == CVZ_E_USAGE ? CVZ_OK : status; /* a recipe of another version of the program */
}
