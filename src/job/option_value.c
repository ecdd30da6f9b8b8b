#include "job/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "job/expression.h"
#include "job/filters.h"

/* Each parser says whether `text` is a value of the option; what it expects is told by expected(). */
typedef bool (*parser)(cvz_option_value *value, const cvz_option *option, const char *text);

static bool parse_flag(cvz_option_value *value, const cvz_option *option, const char *text)
{
  (void)option;
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcasecmp(text, words[i])) return value->flag = i % 2, true;
  return false;
}

static bool parse_integer(cvz_option_value *value, const cvz_option *option, const char *text)
{
  if (!text[0] || text[strspn(text, "0123456789")]) return false;
  errno = 0;
  const long number = strtol(text, NULL, 10);
  if (errno || (double)number < option->low || (double)number > option->high) return false;
  value->integer = (int)number;
  return true;
}

static bool parse_real(cvz_option_value *value, const cvz_option *option, const char *text)
{
  char *end;
  if (text[strspn(text, "+-.eE0123456789")]) return false;
  const double number = strtod(text, &end);
  if (end == text || *end || !(number >= option->low && number <= option->high)) return false;
  value->real = number;
  return true;
}

static bool parse_seed(cvz_option_value *value, const cvz_option *option, const char *text)
{
  (void)option;
  if (text[strspn(text, "0123456789")]) return false;
  errno = 0;
  value->seed = strtoull(text, NULL, 10);
  return !errno;
}

static bool parse_size(cvz_option_value *value, const cvz_option *option, const char *text)
{
  char height[16];
  cvz_option_value side;
  const size_t length = strcspn(text, "xX");
  if (length >= sizeof height) return false;
  snprintf(height, sizeof height, "%.*s", (int)length, text);
  if (!parse_integer(&side, option, height)) return false;
  value->size = (cvz_size){side.integer, side.integer};
  if (!text[length]) return true;
  if (!parse_integer(&side, option, text + length + 1)) return false;
  value->size.width = side.integer;
  return true;
}

static bool parse_shard(cvz_option_value *value, const cvz_option *option, const char *text)
{
  char first[16];
  cvz_option_value index, count;
  const size_t length = strcspn(text, "/");
  if (length >= sizeof first || !text[length]) return false;
  snprintf(first, sizeof first, "%.*s", (int)length, text);
  if (!parse_integer(&index, option, first) || !parse_integer(&count, option, text + length + 1)) return false;
  value->shard = (cvz_shard){index.integer, count.integer};
  return index.integer <= count.integer;
}

/* "1:30:00" or "1:30" (minutes and seconds): whole numbers, all but the first below 60. */
static bool parse_clock(double *seconds, const char *text)
{
  *seconds = 0;
  for (int parts = 1;; parts++) {
    char *end;
    if (!isdigit((unsigned char)*text) || parts > 3) return false;
    const unsigned long part = strtoul(text, &end, 10);
    if (parts > 1 && (part > 59 || end != text + 2)) return false;
    *seconds = 60 * *seconds + (double)part;
    if (!*end) return parts > 1;
    if (*end != ':') return false;
    text = end + 1;
  }
}

/* "90", "1.5h", "1:30:00" */
static bool parse_time(cvz_option_value *value, const cvz_option *option, const char *text)
{
  static const struct {
    char letter;
    double seconds;
  } units[] = {{0, 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  double seconds = 0;
  bool good = parse_clock(&seconds, text);
  const size_t length = strspn(text, ".0123456789");
  for (size_t i = 0; !good && length && i < sizeof units / sizeof *units; i++) {
    char *end;
    if (text[length] != units[i].letter || (text[length] && text[length + 1])) continue;
    seconds = strtod(text, &end) * units[i].seconds;
    good = end == text + length;
  }
  value->seconds = seconds;
  return good && seconds > option->low && seconds <= option->high;
}

/* Is it one of the words that a path may be replaced by? */
static bool is_word(const cvz_option *option, const char *text)
{
  if (option->kind == CVZ_OPTION_SPECTRUM) return !strcmp(text, "falling") || !strcmp(text, "natural");
  return option->kind == CVZ_OPTION_INIT && !strcmp(text, "random");
}

static bool check_init(const cvz_option *option, const char *text)
{
  static const char *const endings[] = {".png", ".h5", ".hdf5"};
  const char *ending = strrchr(text, '.');
  for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
    if (!strcasecmp(ending, endings[i])) return true;
  return is_word(option, text);
}

static bool check_list(const char *text)
{
  bool empty = true;
  for (;; text++) {
    if (!*text || *text == ',') {
      if (empty) return false;
      if (!*text) return true;
      empty = true;
    } else if (!isspace((unsigned char)*text)) {
      empty = false;
    }
  }
}

static bool check_choice(const cvz_option *option, const char *text)
{
  const size_t length = strlen(text);
  for (const char *word = option->argument; *word;) {
    const size_t bytes = strcspn(word, "|");
    if (bytes == length && !memcmp(word, text, bytes)) return true;
    word += bytes + (word[bytes] == '|');
  }
  return false;
}

static bool check_text(const cvz_option *option, const char *text)
{
  if (option->kind == CVZ_OPTION_INIT) return check_init(option, text);
  if (option->kind == CVZ_OPTION_LIST) return check_list(text);
  if (option->kind == CVZ_OPTION_FILTERS) return cvz_filters_valid(text);
  if (option->kind == CVZ_OPTION_CHOICE) return check_choice(option, text);
  return true;
}

static const parser parsers[CVZ_OPTION_KIND_COUNT] = {
    [CVZ_OPTION_FLAG] = parse_flag, [CVZ_OPTION_INTEGER] = parse_integer, [CVZ_OPTION_REAL] = parse_real,
    [CVZ_OPTION_SEED] = parse_seed, [CVZ_OPTION_SIZE] = parse_size,       [CVZ_OPTION_SHARD] = parse_shard,
    [CVZ_OPTION_TIME] = parse_time,
};

bool cvz_option_value_is_text(cvz_option_kind kind)
{
  return !parsers[kind];
}

size_t cvz_option_value_bytes(cvz_option_kind kind)
{
  static const size_t bytes[CVZ_OPTION_KIND_COUNT] = {
      [CVZ_OPTION_FLAG] = sizeof(bool),     [CVZ_OPTION_INTEGER] = sizeof(int),
      [CVZ_OPTION_REAL] = sizeof(double),   [CVZ_OPTION_SEED] = sizeof(uint64_t),
      [CVZ_OPTION_SIZE] = sizeof(cvz_size), [CVZ_OPTION_SHARD] = sizeof(cvz_shard),
      [CVZ_OPTION_TIME] = sizeof(double),
  };
  return cvz_option_value_is_text(kind) ? sizeof(char *) : bytes[kind];
}

static void expected(const cvz_option *option, char *text, size_t bytes)
{
  switch (option->kind) {
  case CVZ_OPTION_FLAG:
    snprintf(text, bytes, "true or false");
    return;
  case CVZ_OPTION_INTEGER:
    snprintf(text, bytes, "a whole number from %.0f to %.0f", option->low, option->high);
    return;
  case CVZ_OPTION_REAL:
    snprintf(text, bytes, "a number from %g to %g", option->low, option->high);
    return;
  case CVZ_OPTION_SEED:
    snprintf(text, bytes, "a whole number from 0 to %" PRIu64, UINT64_MAX);
    return;
  case CVZ_OPTION_SIZE:
    snprintf(text, bytes, "N or HxW with %.0f to %.0f", option->low, option->high);
    return;
  case CVZ_OPTION_SHARD:
    snprintf(text, bytes, "I/N with I from 1 to N, such as 1/4");
    return;
  case CVZ_OPTION_TIME:
    snprintf(text, bytes, "seconds, a number with s, m, h or d, or H:MM:SS, from above 0 to %g s", option->high);
    return;
  case CVZ_OPTION_INIT:
    snprintf(text, bytes, "random or a file that ends in .png, .h5 or .hdf5");
    return;
  case CVZ_OPTION_LIST:
    snprintf(text, bytes, "names separated by single commas");
    return;
  case CVZ_OPTION_FILTERS:
    snprintf(text, bytes, "all, or numbers and ranges such as 0-63,70, or names of --labels");
    return;
  default:
    snprintf(text, bytes, "%s", option->argument);
    return;
  }
}

/* Line breaks would break the text that is broadcast, other control characters the terminal. */
static bool has_control(const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f) return true;
  return false;
}

static bool is_relative_path(const cvz_option *option, const char *text)
{
  if (text[0] == '/') return false;
  if (is_word(option, text)) return false;
  return option->kind == CVZ_OPTION_PATH || option->kind == CVZ_OPTION_INIT || option->kind == CVZ_OPTION_SPECTRUM;
}

static cvz_status copy_text(char **copy, const cvz_option *option, const char *text, const char *folder,
                            cvz_error *error)
{
  const bool move = folder && is_relative_path(option, text);
  const size_t bytes = strlen(text) + (move ? strlen(folder) : 0) + 2;
  *copy = cvz_array(bytes, 1, error);
  if (!*copy) return CVZ_E_MEMORY;
  snprintf(*copy, bytes, "%s%s%s", move ? folder : "", move ? "/" : "", text);
  return CVZ_OK;
}

/* Its errors have a place. */
static cvz_status check_objective(const cvz_option *option, const char *text, const cvz_option_source *source,
                                  cvz_error *error)
{
  cvz_expression expression;
  cvz_error found = {0};
  const cvz_status status = cvz_expression_parse(&expression, text, &found);
  cvz_expression_free(&expression);
  return status == CVZ_OK ? CVZ_OK : cvz_fail(error, status, "%s%s: %s", source->prefix, option->name, found.text);
}

cvz_status cvz_option_value_parse(cvz_option_value *value, const cvz_option *option, const char *text,
                                  const cvz_option_source *source, cvz_error *error)
{
  char wanted[96];
  expected(option, wanted, sizeof wanted);
  CVZ_REQUIRE(text[0], error, CVZ_E_USAGE, "%s%s: no value, expected %s", source->prefix, option->name, wanted);
  CVZ_REQUIRE(!has_control(text), error, CVZ_E_USAGE, "%s%s: '%.200s', expected no control characters", source->prefix,
              option->name, text);
  if (option->kind == CVZ_OPTION_OBJECTIVE) CVZ_TRY(check_objective(option, text, source, error));
  const parser parse = parsers[option->kind];
  const bool good = parse ? parse(value, option, text) : check_text(option, text);
  CVZ_REQUIRE(good, error, CVZ_E_USAGE, "%s%s: '%.200s', expected %s", source->prefix, option->name, text, wanted);
  return parse ? CVZ_OK : copy_text(&value->text, option, text, source->folder, error);
}

void cvz_option_value_print(const cvz_option_value *value, cvz_option_kind kind, cvz_text *text)
{
  switch (kind) {
  case CVZ_OPTION_FLAG:
    cvz_text_add(text, "%s", value->flag ? "true" : "false");
    return;
  case CVZ_OPTION_INTEGER:
    cvz_text_add(text, "%d", value->integer);
    return;
  case CVZ_OPTION_REAL:
    cvz_text_add(text, "%.17g", value->real);
    return;
  case CVZ_OPTION_SEED:
    cvz_text_add(text, "%" PRIu64, value->seed);
    return;
  case CVZ_OPTION_SIZE:
    cvz_text_add(text, "%dx%d", value->size.height, value->size.width);
    return;
  case CVZ_OPTION_SHARD:
    cvz_text_add(text, "%d/%d", value->shard.index, value->shard.count);
    return;
  case CVZ_OPTION_TIME:
    cvz_text_add(text, "%.17fs", value->seconds);
    return;
  default:
    cvz_text_add(text, "%s", value->text);
    return;
  }
}
