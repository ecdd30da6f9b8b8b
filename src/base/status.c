#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

cvz_status cvz_fail(cvz_error *error, cvz_status status, const char *format, ...)
{
  if (!error) return status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
  for (char *c = error->text; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
  error->status = status;
  return status;
}
