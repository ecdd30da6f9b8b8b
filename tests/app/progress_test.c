#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/progress.h"

static double test_time;

static double test_clock(void)
{
  return test_time;
}

/* What a job of 100 units, one a second, shows in a file at the given level, if its last layer is written `late`
 * seconds after the last unit. */
static char *run_to_file(cvz_level level, int units, int late)
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  const cvz_log log = {stream, level};
  cvz_progress progress;
  cvz_progress_start(&progress, &log);
  progress.now = test_clock;
  progress.shown -= progress.started;
  progress.started = test_time = 0;
  const cvz_observer observer = cvz_progress_observer(&progress);
  for (int i = 1; i <= units; i++) {
    test_time = i;
    observer.tick(observer.context);
    observer.unit_done(observer.context, i, units, i, units);
  }
  test_time += late;
  observer.tick(observer.context);
  observer.layer_written(observer.context, "conv", "out/conv.h5");
  cvz_progress_finish(&progress);
  fclose(stream);
  return text;
}

static void files_get_a_line_now_and_then(void **state)
{
  (void)state;
  char *text = run_to_file(CVZ_NORMAL, 100, 0);
  assert_string_equal(text, "progress: 4.0 %, 4/100 filters, 0.80/s, 2 min 00 s left\n"
                            "progress: 34.0 %, 34/100 filters, 0.97/s, 1 min 08 s left\n"
                            "progress: 64.0 %, 64/100 filters, 0.98/s, 37 s left\n"
                            "progress: 94.0 %, 94/100 filters, 0.99/s, 6 s left\n"
                            "progress: 100.0 %, 100/100 filters, 1.00/s\n");
  free(text);
}

static void the_end_is_told_once(void **state)
{
  (void)state;
  char *text = run_to_file(CVZ_NORMAL, 3, 57);
  assert_string_equal(text, "progress: 100.0 %, 3/3 filters, 0.05/s\n");
  free(text);
}

static void quiet_shows_nothing(void **state)
{
  (void)state;
  char *text = run_to_file(CVZ_QUIET, 100, 0);
  assert_string_equal(text, "");
  free(text);
}

static void verbose_names_the_layers_written(void **state)
{
  (void)state;
  char *text = run_to_file(CVZ_VERBOSE, 2, 0);
  assert_string_equal(text, "layer conv: out/conv.h5\nprogress: 100.0 %, 2/2 filters, 1.00/s\n");
  free(text);
}

static void bar_fits_the_width(void **state)
{
  (void)state;
  const cvz_progress progress = {.units_done = 32, .units_total = 64, .cost_done = 1, .cost_total = 2};
  char line[256];
  cvz_progress_bar(&progress, 16, 79, line, sizeof line);
  assert_string_equal(line, "[####################....................] 32/64 filters, 2.00/s, 16 s left");
  for (int width = 1; width < 200; width++) {
    cvz_progress_bar(&progress, 16, width, line, sizeof line);
    assert_in_range(strlen(line), 1, width);
  }
}

/* Both ends of a pseudo terminal of that many columns. */
static void open_terminal(int *master, FILE **stream, unsigned short columns)
{
  const struct winsize size = {.ws_row = 24, .ws_col = columns};
  *master = posix_openpt(O_RDWR | O_NOCTTY);
  assert_true(*master >= 0);
  assert_int_equal(grantpt(*master), 0);
  assert_int_equal(unlockpt(*master), 0);
  *stream = fopen(ptsname(*master), "w");
  assert_non_null(*stream);
  assert_int_equal(ioctl(*master, TIOCSWINSZ, &size), 0);
}

static void terminal_gets_a_bar_that_goes_away(void **state)
{
  (void)state;
  int master;
  FILE *stream;
  char text[4096] = "";
  setenv("TERM", "xterm", 1);
  open_terminal(&master, &stream, 60);
  const cvz_log log = {stream, CVZ_NORMAL};
  cvz_progress progress;
  cvz_progress_start(&progress, &log);
  assert_true(progress.terminal);
  progress.now = test_clock;
  progress.started = progress.shown = test_time = 0;
  const cvz_observer observer = cvz_progress_observer(&progress);
  for (int i = 1; i <= 4; i++) {
    test_time = 0.08 * i;
    observer.unit_done(observer.context, i, 64, i, 64);
  }
  cvz_progress_finish(&progress);
  fclose(stream);
  size_t bytes = 0;
  for (ssize_t more; (more = read(master, text + bytes, sizeof text - 1 - bytes)) > 0;) bytes += (size_t)more;
  assert_true(bytes > 4);
  int bars = 0;
  for (const char *at = text; (at = strstr(at, "filters")); at++) bars++;
  assert_int_equal(bars, 2);
  assert_string_equal(text + bytes - 4, "\r\033[K");
  assert_null(strchr(text, '\n'));
  close(master);
}

static void terminal_without_a_size_is_a_file(void **state)
{
  (void)state;
  int master;
  FILE *stream;
  setenv("TERM", "xterm", 1);
  open_terminal(&master, &stream, 0);
  cvz_progress progress;
  cvz_progress_start(&progress, &(cvz_log){stream, CVZ_NORMAL});
  assert_false(progress.terminal);
  fclose(stream);
  close(master);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_get_a_line_now_and_then),
      cmocka_unit_test(the_end_is_told_once),
      cmocka_unit_test(quiet_shows_nothing),
      cmocka_unit_test(verbose_names_the_layers_written),
      cmocka_unit_test(bar_fits_the_width),
      cmocka_unit_test(terminal_gets_a_bar_that_goes_away),
      cmocka_unit_test(terminal_without_a_size_is_a_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
