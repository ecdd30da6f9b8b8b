/* base/embedded.h: files inside the program. cmake/embed.cmake writes their definitions. */
#ifndef CVZ_BASE_EMBEDDED_H
#define CVZ_BASE_EMBEDDED_H

typedef struct cvz_embedded {
  const unsigned char *start, *end;
} cvz_embedded;

#endif
