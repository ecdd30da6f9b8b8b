/* store/utf8.h: text of unknown origin as valid UTF-8. */
#ifndef CVZ_STORE_UTF8_H
#define CVZ_STORE_UTF8_H

#include "base/text.h"

/** Length in bytes of the valid UTF-8 character (RFC 3629) at `text`, 0 if there is none. */
int cvz_utf8_length(const char *text);

/** Appends `text`; each byte that is not part of a valid character becomes U+FFFD. */
void cvz_utf8_add(cvz_text *clean, const char *text);

#endif
