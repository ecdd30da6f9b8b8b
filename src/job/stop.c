#include "job/stop.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static volatile sig_atomic_t came; /* the first signal that came, 0: none */
static double started, deadline;   /* deadline 0: none */

static void remember(int number)
{
  if (!came) came = number;
}

static void listen_to(int number, int flags)
{
  struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART | flags};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void cvz_stop_listen(void)
{
  started = cvz_clock();
  listen_to(SIGUSR1, 0);
  listen_to(SIGUSR2, 0);
  listen_to(SIGINT, (int)SA_RESETHAND);
  listen_to(SIGTERM, (int)SA_RESETHAND);
}

void cvz_stop_after(double seconds)
{
  deadline = seconds > 0 ? started + seconds : 0;
}

static bool time_is_over(void)
{
  return deadline > 0 && cvz_clock() >= deadline;
}

bool cvz_stop_wanted(void)
{
  return came || time_is_over();
}

const char *cvz_stop_reason(void)
{
  static char text[80];
  if (came) {
    snprintf(text, sizeof text, "signal %d (%s)", (int)came, strsignal((int)came));
    return text;
  }
  return time_is_over() ? "time limit" : "";
}
