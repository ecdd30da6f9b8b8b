#include "image/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sixty_four_tiles_of_130_make_1075_pixels(void **state)
{
  (void)state;
  cvz_grid grid;
  assert_int_equal(cvz_grid_layout(&grid, 64, 130, 130, 5, NULL), CVZ_OK);
  assert_int_equal(grid.columns, 8);
  assert_int_equal(grid.rows, 8);
  assert_int_equal(cvz_grid_width(&grid), 1075);
  assert_int_equal(cvz_grid_height(&grid), 1075);
}

static void only_the_needed_rows_are_there(void **state)
{
  (void)state;
  static const int expected[][3] = {{1, 1, 1},    {2, 2, 1},      {3, 2, 2},     {4, 2, 2},  {5, 3, 2},
                                    {7, 3, 3},    {10, 4, 3},     {12, 4, 3},    {13, 4, 4}, {65, 9, 8},
                                    {99, 10, 10}, {2048, 46, 45}, {2047, 46, 45}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    cvz_grid grid;
    assert_int_equal(cvz_grid_layout(&grid, expected[i][0], 3, 2, 1, NULL), CVZ_OK);
    assert_int_equal(grid.columns, expected[i][1]);
    assert_int_equal(grid.rows, expected[i][2]);
  }
}

static void tiles_follow_row_by_row_with_margins_between(void **state)
{
  (void)state;
  cvz_grid grid;
  assert_int_equal(cvz_grid_layout(&grid, 5, 10, 20, 3, NULL), CVZ_OK);
  assert_int_equal(cvz_grid_tile(&grid, 0).x, 0);
  assert_int_equal(cvz_grid_tile(&grid, 2).x, 26);
  assert_int_equal(cvz_grid_tile(&grid, 2).y, 0);
  assert_int_equal(cvz_grid_tile(&grid, 4).x, 13);
  assert_int_equal(cvz_grid_tile(&grid, 4).y, 23);
  assert_int_equal(cvz_grid_width(&grid), 36);
  assert_int_equal(cvz_grid_height(&grid), 43);
}

static void one_tile_has_no_margin(void **state)
{
  (void)state;
  cvz_grid grid;
  assert_int_equal(cvz_grid_layout(&grid, 1, 7, 9, 5, NULL), CVZ_OK);
  assert_int_equal(cvz_grid_width(&grid), 7);
  assert_int_equal(cvz_grid_height(&grid), 9);
}

static void impossible_grids_are_out_of_range_and_leave_it_untouched(void **state)
{
  (void)state;
  cvz_grid grid = {.columns = 42};
  cvz_error error;
  assert_int_equal(cvz_grid_layout(&grid, 0, 1, 1, 0, &error), CVZ_E_RANGE);
  assert_string_equal(error.text, "grid: 0 tiles, expected at least 1");
  assert_int_equal(cvz_grid_layout(&grid, 1, 0, 1, 0, &error), CVZ_E_RANGE);
  assert_int_equal(cvz_grid_layout(&grid, 1, 1, 1, -1, &error), CVZ_E_RANGE);
  assert_int_equal(cvz_grid_layout(&grid, 2, 600000, 1, 0, &error), CVZ_E_RANGE);
  assert_int_equal(cvz_grid_layout(&grid, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, &error), CVZ_E_RANGE);
  assert_int_equal(grid.columns, 42);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sixty_four_tiles_of_130_make_1075_pixels),
      cmocka_unit_test(only_the_needed_rows_are_there),
      cmocka_unit_test(tiles_follow_row_by_row_with_margins_between),
      cmocka_unit_test(one_tile_has_no_margin),
      cmocka_unit_test(impossible_grids_are_out_of_range_and_leave_it_untouched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
