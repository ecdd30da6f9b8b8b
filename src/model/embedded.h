/* model/embedded.h: the files of weights/architectures/ inside the program. Inside model/ only; cmake/embed.cmake
 * writes the definitions. */
#ifndef CVZ_MODEL_EMBEDDED_H
#define CVZ_MODEL_EMBEDDED_H

typedef struct cvz_embedded {
  const unsigned char *start, *end;
} cvz_embedded;

/** One for each of the names, which are in alphabetical order and ended by NULL. */
extern const cvz_embedded cvz_embedded_architectures[];
extern const char *const cvz_embedded_names[];

#endif
