#include "store/utf8.h"

#include <stdbool.h>

#define REPLACEMENT "\xef\xbf\xbd"

static bool follows(unsigned char byte)
{
  return (byte & 0xc0) == 0x80;
}

int cvz_utf8_length(const char *text)
{
  const unsigned char *b = (const unsigned char *)text;
  if (b[0] < 0x80) return b[0] ? 1 : 0;
  if (b[0] < 0xc2 || b[0] > 0xf4 || !follows(b[1])) return 0;
  if (b[0] < 0xe0) return 2;
  if (b[0] == 0xe0 && b[1] < 0xa0) return 0; /* longer than needed */
  if (b[0] == 0xed && b[1] > 0x9f) return 0; /* surrogates */
  if (!follows(b[2])) return 0;
  if (b[0] < 0xf0) return 3;
  if (b[0] == 0xf0 && b[1] < 0x90) return 0; /* longer than needed */
  if (b[0] == 0xf4 && b[1] > 0x8f) return 0; /* past U+10FFFF */
  return follows(b[3]) ? 4 : 0;
}

void cvz_utf8_add(cvz_text *clean, const char *text)
{
  while (*text) {
    const int length = cvz_utf8_length(text);
    if (length)
      cvz_text_add_bytes(clean, text, (size_t)length);
    else
      cvz_text_add(clean, REPLACEMENT);
    text += length ? length : 1;
  }
}
