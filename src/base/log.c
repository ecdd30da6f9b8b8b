#include "base/log.h"

#include <stdarg.h>

static void put(const cvz_log *log, const char *prefix, const char *format, va_list arguments)
{
  fputs(prefix, log->stream);
  vfprintf(log->stream, format, arguments);
  fputc('\n', log->stream);
  fflush(log->stream);
}

#define PUT_IF(condition, prefix)                                                                                      \
  do {                                                                                                                 \
    if (!log || !log->stream || !(condition)) return;                                                                  \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    put(log, prefix, format, arguments);                                                                               \
    va_end(arguments);                                                                                                 \
  } while (0)

void cvz_warn(const cvz_log *log, const char *format, ...)
{
  PUT_IF(1, "warning: ");
}

void cvz_tell(const cvz_log *log, const char *format, ...)
{
  PUT_IF(log->level >= CVZ_NORMAL, "");
}

void cvz_detail(const cvz_log *log, const char *format, ...)
{
  PUT_IF(log->level >= CVZ_VERBOSE, "");
}
