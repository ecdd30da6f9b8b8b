#include "app/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

/* Seconds between two bars; before the first line, and between two lines where there is no terminal. */
#define BAR_EVERY  0.1
#define LINE_FIRST 5.0
#define LINE_EVERY 30.0

#define BAR_LEAST 10 /* columns; no bar is drawn below */
#define BAR_MOST  40

/* Columns of the terminal behind a stream, 0 if there is none. mpirun gives its ranks a pseudo terminal without a size
 * even when its own output goes to a file: that is none. */
static int columns(FILE *stream)
{
  struct winsize size = {0};
  const int descriptor = fileno(stream);
  if (descriptor < 0 || !isatty(descriptor) || ioctl(descriptor, TIOCGWINSZ, &size)) return 0;
  return size.ws_col;
}

static bool is_terminal(FILE *stream)
{
  const char *kind = getenv("TERM");
  return kind && strcmp(kind, "dumb") && columns(stream) > 0;
}

void cvz_progress_start(cvz_progress *progress, const cvz_log *log)
{
  *progress = (cvz_progress){.now = cvz_clock};
  if (!log || !log->stream || log->level == CVZ_QUIET) return;
  progress->stream = log->stream;
  progress->terminal = is_terminal(log->stream);
  progress->verbose = log->level == CVZ_VERBOSE;
  progress->started = progress->now();
  progress->shown = progress->started + LINE_FIRST - LINE_EVERY;
}

static void duration(double seconds, char *text, size_t bytes)
{
  const double limit = 999.0 * 86400;
  const long s = (long)((seconds < limit ? seconds : limit) + 0.5);
  if (s < 60)
    snprintf(text, bytes, "%ld s", s);
  else if (s < 3600)
    snprintf(text, bytes, "%ld min %02ld s", s / 60, s % 60);
  else if (s < 86400)
    snprintf(text, bytes, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else
    snprintf(text, bytes, "%ld d %02ld h", s / 86400, s / 3600 % 24);
}

static double fraction(const cvz_progress *p)
{
  const double part = p->cost_total > 0 ? p->cost_done / p->cost_total : 0;
  return part > 1 ? 1 : part;
}

/* "34/64 filters, 5.2/s, 6 s left": the time left goes by cost, for layers differ. */
static int describe(const cvz_progress *p, double elapsed, char *text, size_t bytes)
{
  char left[48] = "";
  const double part = fraction(p);
  if (part > 0 && part < 1) duration(elapsed * (1 - part) / part, left, sizeof left);
  const double rate = elapsed > 0 ? p->units_done / elapsed : 0;
  return snprintf(text, bytes, "%d/%d filter%s, %.*f/s%s%s%s", p->units_done, p->units_total,
                  p->units_total == 1 ? "" : "s", rate < 10 ? 2 : 0, rate, left[0] ? ", " : "", left,
                  left[0] ? " left" : "");
}

void cvz_progress_bar(const cvz_progress *progress, double elapsed, int width, char *line, size_t bytes)
{
  char text[160], bar[BAR_MOST + 1];
  const int length = describe(progress, elapsed, text, sizeof text);
  int room = width - length - 3;
  if (room > BAR_MOST) room = BAR_MOST;
  if (room < BAR_LEAST) {
    snprintf(line, bytes, "%.*s", width, text);
    return;
  }
  const int full = (int)(fraction(progress) * room);
  for (int i = 0; i < room; i++) bar[i] = i < full ? '#' : '.';
  bar[room] = 0;
  snprintf(line, bytes, "[%s] %s", bar, text);
}

void cvz_progress_clear(cvz_progress *progress)
{
  if (!progress->drawn) return;
  fputs("\r\033[K", progress->stream);
  fflush(progress->stream);
  progress->drawn = false;
}

/* One column stays free: some terminals break the line after the last. */
static void draw_bar(cvz_progress *p, double now)
{
  char line[256];
  cvz_progress_bar(p, now - p->started, columns(p->stream) - 1, line, sizeof line);
  fprintf(p->stream, "\r%s\033[K", line);
  fflush(p->stream);
  p->drawn = true;
}

static void print_line(const cvz_progress *p, double now)
{
  char text[160];
  describe(p, now - p->started, text, sizeof text);
  fprintf(p->stream, "progress: %.1f %%, %s\n", 100 * fraction(p), text);
  fflush(p->stream);
}

static void show(cvz_progress *p)
{
  if (!p->stream || p->units_done == p->units_total) return; /* the end is told by cvz_progress_finish */
  const double now = p->now();
  if (now - p->shown < (p->terminal ? BAR_EVERY : LINE_EVERY)) return;
  p->shown = now;
  if (p->terminal)
    draw_bar(p, now);
  else
    print_line(p, now);
}

static void unit_done(void *context, int units_done, int units_total, double cost_done, double cost_total)
{
  cvz_progress *p = context;
  p->units_done = units_done;
  p->units_total = units_total;
  p->cost_done = cost_done;
  p->cost_total = cost_total;
  show(p);
}

static void layer_written(void *context, const char *name, const char *path)
{
  cvz_progress *p = context;
  if (!p->stream || !p->verbose) return;
  cvz_progress_clear(p);
  fprintf(p->stream, "layer %s: %s\n", name, path);
  fflush(p->stream);
}

static void tick(void *context)
{
  show(context);
}

cvz_observer cvz_progress_observer(cvz_progress *progress)
{
  return (cvz_observer){.context = progress, .unit_done = unit_done, .layer_written = layer_written, .tick = tick};
}

void cvz_progress_finish(cvz_progress *progress)
{
  if (!progress->stream) return;
  cvz_progress_clear(progress);
  if (!progress->terminal && progress->units_total) print_line(progress, progress->now());
  progress->stream = NULL;
}
