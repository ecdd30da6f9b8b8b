#include "job/directions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

/* The numbers of one line, appended to `values`; *count is how many there are afterwards. */
static cvz_status parse_line(cvz_directions *d, const char *line, size_t length, size_t *count, size_t *capacity,
                             cvz_error *error)
{
  const char *at = line, *end = line + length;
  for (;;) {
    char *rest;
    while (at < end && strchr(" \t,\r", *at)) at++;
    if (at == end || *at == '#') return CVZ_OK;
    CVZ_TRY(cvz_grow((void **)&d->values, capacity, *count, sizeof *d->values, error));
    d->values[*count] = strtof(at, &rest);
    CVZ_REQUIRE(rest > at && rest <= end && (rest == end || strchr(" \t,\r#", *rest)) && isfinite(d->values[*count]),
                error, CVZ_E_FORMAT, "'%.*s', expected a finite number", (int)(strcspn(at, " \t,\r\n") % 40), at);
    ++*count;
    at = rest;
  }
}

cvz_status cvz_directions_parse(cvz_directions *directions, const char *text, const char *path, cvz_error *error)
{
  size_t count = 0, capacity = 0;
  cvz_error found = {0};
  for (int line = 1; *text; line++) {
    const size_t before = count, length = strcspn(text, "\n");
    const cvz_status status = parse_line(directions, text, length, &count, &capacity, &found);
    if (status != CVZ_OK) return cvz_fail(error, status, "directions %s: line %d: %s", path, line, found.text);
    const size_t numbers = count - before;
    if (numbers && !directions->channels) directions->channels = (int)numbers;
    CVZ_REQUIRE(!numbers || numbers == (size_t)directions->channels, error, CVZ_E_FORMAT,
                "directions %s: line %d: %zu numbers, expected %d as in the first direction", path, line, numbers,
                directions->channels);
    directions->count += numbers > 0;
    text += length + (text[length] == '\n');
  }
  return CVZ_OK;
}

cvz_status cvz_directions_check(cvz_directions *directions, const char *path, cvz_error *error)
{
  const size_t channels = (size_t)directions->channels;
  CVZ_REQUIRE(directions->count > 0 && channels > 0, error, CVZ_E_FORMAT,
              "directions %s: no numbers, expected one direction a line", path);
  for (int i = 0; i < directions->count; i++) {
    double squares = 0;
    for (size_t c = 0; c < channels; c++) {
      const double value = (double)directions->values[(size_t)i * channels + c];
      squares += value * value;
    }
    CVZ_REQUIRE(isfinite(squares) && squares > 0, error, CVZ_E_FORMAT,
                "directions %s: direction %d is zero or not finite", path, i);
  }
  directions->hash = cvz_hash(directions->values, (size_t)directions->count * channels * sizeof(float));
  return CVZ_OK;
}

void cvz_directions_free(cvz_directions *directions)
{
  free(directions->values);
  *directions = (cvz_directions){0};
}
