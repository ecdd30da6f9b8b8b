/* The grammar of objectives: what texts mean, and where those that mean nothing are wrong. */
#include "job/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static cvz_expression must_parse(const char *text)
{
  cvz_expression expression;
  cvz_error error = {0};
  if (cvz_expression_parse(&expression, text, &error) != CVZ_OK) fail_msg("%s: %s", text, error.text);
  return expression;
}

static void one_item_has_layer_and_number(void **state)
{
  (void)state;
  cvz_expression e = must_parse(" channel:mixed4:12 ");
  assert_int_equal(e.count, 1);
  assert_string_equal(e.rows[0].text, "channel:mixed4:12");
  assert_int_equal(e.rows[0].count, 1);
  const cvz_item *item = &e.rows[0].items[0];
  assert_int_equal(item->kind, CVZ_ITEM_CHANNEL);
  assert_string_equal(item->layer, "mixed4");
  assert_string_equal(item->number, "12");
  assert_float_equal(item->weight, 1, 0);
  assert_int_equal(item->column, 1);
  assert_int_equal(item->layer_column, 9);
  assert_int_equal(item->number_column, 16);
  assert_false(cvz_row_wants_layers(&e.rows[0]) || cvz_row_wants_filters(&e.rows[0]));
  cvz_expression_free(&e);
}

static void weights_have_signs_of_both_kinds(void **state)
{
  (void)state;
  cvz_expression e = must_parse("-channel:a:1 + -0.5 channel:b:2 - 2*layer:c - -1e-3 neuron:d:4@5,6 + direction:e:7^2");
  static const double weights[] = {-1, -0.5, -2, 1e-3, 1};
  const cvz_item *items = e.rows[0].items;
  assert_int_equal(e.rows[0].count, 5);
  for (int i = 0; i < 5; i++) assert_float_equal(items[i].weight, weights[i], 0);
  assert_null(items[2].number);
  assert_true(items[3].placed && items[3].x == 5 && items[3].y == 6);
  assert_int_equal(items[4].power, 2);
  assert_int_equal(items[4].column, 70);
  cvz_expression_free(&e);
}

static void names_in_quotes_may_have_any_character(void **state)
{
  (void)state;
  cvz_expression e = must_parse("channel:'inner:1/conv 2d+^@':3 + logit:classes:'a b'");
  assert_string_equal(e.rows[0].items[0].layer, "inner:1/conv 2d+^@");
  assert_string_equal(e.rows[0].items[0].number, "3");
  assert_string_equal(e.rows[0].items[1].number, "a b");
  cvz_expression_free(&e);
}

static void what_is_left_out_stands_for_all(void **state)
{
  (void)state;
  cvz_expression e = must_parse("channel; -channel; layer; neuron:a; channel + logit:b:1; layer:c");
  static const bool layers[] = {true, true, true, false, true, false},
                    filters[] = {true, true, false, true, true, false};
  assert_int_equal(e.count, 6);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(cvz_row_wants_layers(&e.rows[i]), layers[i]);
    assert_int_equal(cvz_row_wants_filters(&e.rows[i]), filters[i]);
    assert_int_equal(cvz_row_is_plain(&e.rows[i]), i == 0);
  }
  assert_string_equal(e.rows[4].text, "channel + logit:b:1");
  assert_int_equal(e.rows[4].items[1].column, 11);
  cvz_expression_free(&e);
}

static void rows_lead_from_one_sum_to_another(void **state)
{
  (void)state;
  cvz_expression e = must_parse("channel:a:1 to channel:b:2 - layer:c in 9;layer:to to layer:in");
  assert_int_equal(e.rows[0].pictures, 9);
  assert_int_equal(e.rows[0].count, 3);
  assert_false(e.rows[0].items[0].second);
  assert_true(e.rows[0].items[1].second && e.rows[0].items[2].second);
  assert_int_equal(e.rows[1].pictures, 6);
  assert_string_equal(e.rows[1].items[0].layer, "to");
  assert_string_equal(e.rows[1].items[1].layer, "in");
  cvz_expression_free(&e);
}

static void refused(const char *text, const char *message)
{
  cvz_expression expression;
  cvz_error error = {0};
  assert_int_equal(cvz_expression_parse(&expression, text, &error), CVZ_E_USAGE);
  cvz_expression_free(&expression);
  if (strncmp(error.text, message, strlen(message))) fail_msg("%s: '%s', expected '%s'", text, error.text, message);
}

static void errors_point_at_the_place(void **state)
{
  (void)state;
  refused("", "column 1: the end, expected channel, neuron,");
  refused("chanel:a:1", "column 1: 'chanel:a:1', expected channel, neuron,");
  refused("channel:a:1 +", "column 14: the end, expected channel,");
  refused("channel:a:1 + + channel:a:2 x", "column 29: 'x', expected +, -, to or the end");
  refused("channel::1", "column 9: ':1', expected the name of a layer");
  refused("channel:a:", "column 11: the end, expected a number, or a name");
  refused("layer:a:1", "column 8: ':1', expected no number");
  refused("channel:'a:1", "column 9: ''a:1', expected a name between single quotes");
  refused("channel:a:1@2,3", "column 12: '@2,3', expected a blank");
  refused("neuron:a:1@2", "column 13: the end, expected a comma");
  refused("neuron:a:1@-1,2", "column 12: '-1,2', expected the column of a pixel");
  refused("neuron:a:1@1,x", "column 14: 'x', expected the row of a pixel");
  refused("direction:a:1^17", "column 15: '17', expected a power of the cosine");
  refused("0 channel:a:1", "column 1: '0 channel:a:1', expected a weight other than 0");
  refused(". channel:a:1", "column 1: '. channel:a:1', expected a number");
  refused("1e999 channel:a:1", "column 1: '1e999 channel:a:1', expected a number");
  refused("channel:a:1 to layer:b in 1", "column 27: '1', expected how many pictures");
  refused("channel:a:1 to layer:b in 99999", "column 27: '99999', expected how many pictures");
  refused("channel to channel:a:1", "column 1: 'channel to channel:a:1', expected the name of a layer");
  refused("channel:a to channel:a:1", "column 1: 'channel:a to channel:a:1', expected layer and number");
  refused("layer:a;", "column 9: the end, expected channel,");
  refused("layer:a; layer:b to layer:c to layer:d", "column 29: 'to layer:d', expected +, -, in or the end");
}

static void so_many_terms_and_no_more(void **state)
{
  (void)state;
  char text[1024];
  strcpy(text, "layer:a");
  for (int i = 1; i < CVZ_ITEMS_MAX; i++) strcat(text, " + layer:a");
  cvz_expression e = must_parse(text);
  assert_int_equal(e.rows[0].count, CVZ_ITEMS_MAX);
  cvz_expression_free(&e);
  strcat(text, " + layer:b");
  refused(text, "column 321: 'layer:b', expected at most 32 terms");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_item_has_layer_and_number),
      cmocka_unit_test(weights_have_signs_of_both_kinds),
      cmocka_unit_test(names_in_quotes_may_have_any_character),
      cmocka_unit_test(what_is_left_out_stands_for_all),
      cmocka_unit_test(rows_lead_from_one_sum_to_another),
      cmocka_unit_test(errors_point_at_the_place),
      cmocka_unit_test(so_many_terms_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
