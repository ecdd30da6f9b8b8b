#include "store/sheets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/scratch.h"
#include "image/png.h"

static void a_layer_of_the_example_is_one_sheet(void **state)
{
  (void)state;
  cvz_grid grid;
  assert_int_equal(cvz_sheets_divide(64, 130, 130).count, 1);
  assert_int_equal(cvz_sheets_first_grid(&grid, 64, 130, 130, 5, NULL), CVZ_OK);
  assert_int_equal(cvz_grid_width(&grid), 1075);
}

static void large_layers_are_cut_evenly_within_the_limits(void **state)
{
  (void)state;
  for (int tiles = 1; tiles < 5000; tiles += 7)
    for (int side = 8; side < 500; side += 61) {
      const cvz_sheets sheets = cvz_sheets_divide(tiles, side, side);
      int sum = 0;
      for (int i = 0; i < sheets.count; i++) {
        assert_in_range(cvz_sheet_tiles(sheets, i, tiles), 1, CVZ_SHEET_TILES);
        assert_true(cvz_sheet_tiles(sheets, i, tiles) * side * side <= CVZ_SHEET_PIXELS);
        sum += cvz_sheet_tiles(sheets, i, tiles);
      }
      assert_int_equal(sum, tiles);
    }
}

static void a_tile_larger_than_a_sheet_has_one_of_its_own(void **state)
{
  (void)state;
  assert_int_equal(cvz_sheets_divide(3, 16384, 16384).count, 3);
}

static void sheets_have_names_that_no_stem_has(void **state)
{
  (void)state;
  char end[CVZ_SHEET_END];
  cvz_sheet_end(end, "", 0, ".png");
  assert_string_equal(end, ".png");
  cvz_sheet_end(end, "", 11, ".png");
  assert_string_equal(end, "+12.png");
  cvz_sheet_end(end, "repeat_1", 0, ".png");
  assert_string_equal(end, "@repeat_1.png");
  cvz_sheet_end(end, "lucid", 1, ".png");
  assert_string_equal(end, "@lucid+2.png");
}

static cvz_status read_plain(void *context, int index, uint8_t *tile, cvz_error *error)
{
  (void)context, (void)error;
  memset(tile, 10 * index, 200 * 100);
  return CVZ_OK;
}

static void a_strip_has_the_chosen_tiles_made_smaller(void **state)
{
  const cvz_tile_source source = {read_plain, NULL, 1};
  const char *path = scratch_path(state, "strip.png");
  cvz_picture picture;
  assert_int_equal(cvz_strip_write(&source, 200, 100, (int[]){7, 2}, 2, path, path, NULL), CVZ_OK);
  assert_int_equal(cvz_png_read(&picture, path, 1, NULL), CVZ_OK);
  assert_int_equal(picture.width, 2 * 96);
  assert_int_equal(picture.height, 48);
  assert_int_equal(picture.pixels[95], 70);
  assert_int_equal(picture.pixels[96], 20);
  free(picture.pixels);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_layer_of_the_example_is_one_sheet),
      cmocka_unit_test(large_layers_are_cut_evenly_within_the_limits),
      cmocka_unit_test(a_tile_larger_than_a_sheet_has_one_of_its_own),
      cmocka_unit_test(sheets_have_names_that_no_stem_has),
      cmocka_unit_test_setup_teardown(a_strip_has_the_chosen_tiles_made_smaller, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
