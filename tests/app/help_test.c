#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/help.h"
#include "job/options.h"

static char *print(void (*printer)(FILE *))
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  printer(stream);
  fclose(stream);
  return text;
}

static void help_names_every_option_of_the_command_line(void **state)
{
  (void)state;
  char *text = print(cvz_help_print), name[64];
  for (int i = 0; i < CVZ_OPTION_COUNT; i++) {
    const cvz_option *option = &cvz_options_table()[i];
    snprintf(name, sizeof name, "--%s ", option->name);
    if (option->flags & CVZ_OPTION_IN_ARGUMENTS)
      assert_non_null(strstr(text, name));
    else
      assert_null(strstr(text, name));
  }
  assert_non_null(strstr(text, "(default: 180)"));
  free(text);
}

static void help_fits_80_columns(void **state)
{
  (void)state;
  char *text = print(cvz_help_print);
  for (const char *line = text; *line; line += strcspn(line, "\n") + 1) assert_in_range(strcspn(line, "\n"), 0, 80);
  free(text);
}

static void manual_and_completion_name_the_options(void **state)
{
  (void)state;
  char *man = print(cvz_help_man), *completion = print(cvz_help_completion);
  assert_non_null(strstr(man, "\\-\\-learning\\-rate"));
  assert_non_null(strstr(completion, "--learning-rate"));
  free(man);
  free(completion);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(help_names_every_option_of_the_command_line),
      cmocka_unit_test(help_fits_80_columns),
      cmocka_unit_test(manual_and_completion_name_the_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
