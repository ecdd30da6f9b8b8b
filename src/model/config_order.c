#include <stdlib.h>

#include "base/memory.h"
#include "model/config_scope.h"

/* Depth first, with the path from an output back to the input on a stack of our own: networks are deep. */
static cvz_status visit(cvz_config *config, int start, int *seen, int *stack, int *count, cvz_error *error)
{
  int depth = 0;
  stack[depth++] = start;
  while (depth > 0) {
    const int call = stack[depth - 1];
    const cvz_config_call *c = &config->calls[call];
    if (seen[call]++ < c->input_count) {
      const int input = c->inputs[seen[call] - 1];
      const bool open = seen[input] > 0 && seen[input] <= config->calls[input].input_count;
      CVZ_REQUIRE(!open, error, CVZ_E_FORMAT, "model configuration: layer '%s' depends on its own output", c->path);
      if (!seen[input]) stack[depth++] = input;
    } else {
      config->order[(*count)++] = call;
      depth--;
    }
  }
  return CVZ_OK;
}

cvz_status cvz_config_sort(cvz_config *config, cvz_error *error)
{
  const size_t count = (size_t)config->call_count;
  config->order = cvz_array(count, sizeof(int), error);
  int *seen = cvz_array(count, sizeof(int), error);
  int *stack = cvz_array(count, sizeof(int), error);
  cvz_status status = config->order && seen && stack ? CVZ_OK : CVZ_E_MEMORY;
  int done = 0;
  for (int i = 0; status == CVZ_OK && i < config->call_count; i++)
    if (!seen[i]) status = visit(config, i, seen, stack, &done, error);
  free(seen);
  free(stack);
  return status;
}
