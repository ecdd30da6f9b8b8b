#include "job/expression.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/objective.h"
#include "base/memory.h"

#define PICTURES 6 /* of a row, as in Lucid's notebooks */

static const struct {
  const char *name;
  bool numbered, placed, powered;
} kinds[CVZ_ITEM_KINDS] = {
    [CVZ_ITEM_CHANNEL] = {"channel", true, false, false},
    [CVZ_ITEM_NEURON] = {"neuron", true, true, false},
    [CVZ_ITEM_DIRECTION] = {"direction", true, true, true},
    [CVZ_ITEM_LAYER] = {"layer", false, false, false},
    [CVZ_ITEM_LOGIT] = {"logit", true, false, false},
    [CVZ_ITEM_PROBABILITY] = {"probability", true, false, false},
    [CVZ_ITEM_DIVERSITY] = {"diversity", false, false, false},
};

/* A place in the text, of which `row` is where its row begins. */
typedef struct reader {
  const char *text, *row, *at;
  cvz_error *error;
} reader;

static cvz_status fail(const reader *r, const char *at, const char *expected)
{
  const int column = (int)(at - r->text) + 1;
  if (!*at) return cvz_fail(r->error, CVZ_E_USAGE, "column %d: the end, expected %s", column, expected);
  return cvz_fail(r->error, CVZ_E_USAGE, "column %d: '%.24s', expected %s", column, at, expected);
}

static int column_of(const reader *r, const char *at)
{
  return (int)(at - r->row) + 1;
}

static void skip_blanks(reader *r)
{
  while (*r->at == ' ' || *r->at == '\t') r->at++;
}

static bool take_char(reader *r, char c)
{
  if (*r->at != c) return false;
  r->at++;
  return true;
}

static bool ends_name(char c)
{
  return !c || strchr(" \t:@^;'", c);
}

/* A word of letters, if it is that one. */
static bool take_word(reader *r, const char *word)
{
  const size_t length = strlen(word);
  if (strncmp(r->at, word, length) || !ends_name(r->at[length])) return false;
  r->at += length;
  return true;
}

static cvz_status take_name(reader *r, char **name, const char *expected)
{
  const char *first = r->at, *end;
  if (take_char(r, '\'')) {
    end = strchr(r->at, '\'');
    if (!end) return fail(r, first, "a name between single quotes");
    first = r->at;
    r->at = end + 1;
  } else {
    while (!ends_name(*r->at)) r->at++;
    end = r->at;
  }
  if (end == first) return fail(r, first, expected);
  cvz_text copy = {0};
  cvz_text_add_bytes(&copy, first, (size_t)(end - first));
  *name = copy.data;
  return cvz_text_check(&copy, r->error);
}

static cvz_status take_integer(reader *r, int low, int high, int *number, const char *expected)
{
  const char *first = r->at;
  char *end;
  errno = 0;
  const long value = isdigit((unsigned char)*r->at) ? strtol(r->at, &end, 10) : -1;
  if (value < low || value > high || errno) return fail(r, first, expected);
  r->at = end;
  *number = (int)value;
  return CVZ_OK;
}

static cvz_status take_kind(reader *r, cvz_item *item)
{
  for (int i = 0; i < CVZ_ITEM_KINDS; i++)
    if (take_word(r, kinds[i].name)) return item->kind = (cvz_item_kind)i, CVZ_OK;
  return fail(r, r->at, "channel, neuron, direction, layer, logit, probability or diversity");
}

/* ":LAYER" and ":NUMBER" */
static cvz_status take_target(reader *r, cvz_item *item)
{
  if (!take_char(r, ':')) return CVZ_OK;
  item->layer_column = column_of(r, r->at);
  CVZ_TRY(take_name(r, &item->layer, "the name of a layer"));
  if (*r->at != ':') return CVZ_OK;
  if (!kinds[item->kind].numbered) return fail(r, r->at, "no number: all of the layer is meant");
  r->at++;
  item->number_column = column_of(r, r->at);
  return take_name(r, &item->number, "a number, or a name of --labels");
}

/* "@X,Y" and "^POWER" */
static cvz_status take_details(reader *r, cvz_item *item)
{
  if (*r->at == '@' && kinds[item->kind].placed) {
    r->at++;
    item->placed = true;
    CVZ_TRY(take_integer(r, 0, 1 << 20, &item->x, "the column of a pixel of the map"));
    if (!take_char(r, ',')) return fail(r, r->at, "a comma between column and row");
    CVZ_TRY(take_integer(r, 0, 1 << 20, &item->y, "the row of a pixel of the map"));
  }
  if (*r->at == '^' && kinds[item->kind].powered) {
    r->at++;
    CVZ_TRY(take_integer(r, 0, CVZ_TERM_POWER_MAX, &item->power, "a power of the cosine from 0 to 16"));
  }
  return ends_name(*r->at) && !strchr(":@^'", *r->at ? *r->at : ' ') ? CVZ_OK : fail(r, r->at, "a blank");
}

/* "-0.5", "2 *"; without it 1 */
static cvz_status take_weight(reader *r, double sign, cvz_item *item)
{
  const char *first = r->at;
  item->weight = sign;
  if (take_char(r, '-')) item->weight = -sign;
  if (r->at == first) take_char(r, '+');
  const size_t length = strspn(r->at, "0123456789.");
  if (length) {
    char *end;
    const double number = strtod(r->at, &end);
    if (end == r->at || !isfinite(number)) return fail(r, first, "a number");
    item->weight *= number;
    r->at = end;
    skip_blanks(r);
    take_char(r, '*');
  }
  skip_blanks(r);
  return item->weight != 0 ? CVZ_OK : fail(r, first, "a weight other than 0");
}

static cvz_status take_term(reader *r, cvz_row *row, double sign, bool second)
{
  if (row->count == CVZ_ITEMS_MAX) return fail(r, r->at, "at most 32 terms");
  cvz_item *item = &row->items[row->count++];
  *item = (cvz_item){.second = second};
  CVZ_TRY(take_weight(r, sign, item));
  item->column = column_of(r, r->at);
  CVZ_TRY(take_kind(r, item));
  CVZ_TRY(take_target(r, item));
  return take_details(r, item);
}

static cvz_status take_sum(reader *r, cvz_row *row, bool second)
{
  double sign = 1;
  skip_blanks(r);
  do {
    skip_blanks(r);
    CVZ_TRY(take_term(r, row, sign, second));
    skip_blanks(r);
    sign = *r->at == '-' ? -1 : 1;
  } while (take_char(r, '+') || take_char(r, '-'));
  return CVZ_OK;
}

/* Of the pictures between two objectives each is of one number. */
static cvz_status check_ends(const reader *r, const cvz_row *row)
{
  for (int i = 0; i < row->count; i++) {
    const cvz_item *item = &row->items[i];
    if (!item->layer) return fail(r, r->row + item->column - 1, "the name of a layer behind it, in a row");
    if (kinds[item->kind].numbered && !item->number)
      return fail(r, r->row + item->column - 1, "layer and number behind it, in a row");
  }
  return CVZ_OK;
}

static cvz_status take_row(reader *r, cvz_row *row)
{
  skip_blanks(r);
  r->row = r->at;
  CVZ_TRY(take_sum(r, row, false));
  if (take_word(r, "to")) {
    row->pictures = PICTURES;
    CVZ_TRY(take_sum(r, row, true));
    if (take_word(r, "in")) {
      skip_blanks(r);
      CVZ_TRY(take_integer(r, 2, CVZ_ROW_MAX, &row->pictures, "how many pictures, from 2 to 1024"));
      skip_blanks(r);
    }
    CVZ_TRY(check_ends(r, row));
  }
  if (*r->at && *r->at != ';') return fail(r, r->at, row->pictures ? "+, -, in or the end" : "+, -, to or the end");
  const char *end = r->at;
  while (end > r->row && (end[-1] == ' ' || end[-1] == '\t')) end--;
  cvz_text copy = {0};
  cvz_text_add_bytes(&copy, r->row, (size_t)(end - r->row));
  row->text = copy.data;
  return cvz_text_check(&copy, r->error);
}

cvz_status cvz_expression_parse(cvz_expression *expression, const char *text, cvz_error *error)
{
  reader r = {text, text, text, error};
  size_t capacity = 0;
  *expression = (cvz_expression){0};
  do {
    CVZ_TRY(
        cvz_grow((void **)&expression->rows, &capacity, (size_t)expression->count, sizeof *expression->rows, error));
    expression->rows[expression->count] = (cvz_row){0};
    CVZ_TRY(take_row(&r, &expression->rows[expression->count++]));
  } while (take_char(&r, ';'));
  return CVZ_OK;
}

void cvz_expression_free(cvz_expression *expression)
{
  for (int i = 0; i < expression->count; i++) {
    cvz_row *row = &expression->rows[i];
    for (int k = 0; k < row->count; k++) {
      free(row->items[k].layer);
      free(row->items[k].number);
    }
    free(row->text);
  }
  free(expression->rows);
  *expression = (cvz_expression){0};
}

const char *cvz_item_name(cvz_item_kind kind)
{
  return kinds[kind].name;
}

bool cvz_item_is_numbered(cvz_item_kind kind)
{
  return kinds[kind].numbered;
}

bool cvz_row_wants_layers(const cvz_row *row)
{
  for (int i = 0; i < row->count; i++)
    if (!row->items[i].layer) return true;
  return false;
}

bool cvz_row_wants_filters(const cvz_row *row)
{
  for (int i = 0; i < row->count; i++)
    if (kinds[row->items[i].kind].numbered && !row->items[i].number) return true;
  return false;
}

bool cvz_row_is_plain(const cvz_row *row)
{
  const cvz_item *item = row->items;
  return row->count == 1 && item->kind == CVZ_ITEM_CHANNEL && item->weight == 1 && !item->layer && !item->number;
}
