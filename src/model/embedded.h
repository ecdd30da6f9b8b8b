/* model/embedded.h: the files of weights/architectures/ inside the program. Inside model/ only. */
#ifndef CVZ_MODEL_EMBEDDED_H
#define CVZ_MODEL_EMBEDDED_H

#include "base/embedded.h"

/** One for each of the names, which are in alphabetical order and ended by NULL. */
extern const cvz_embedded cvz_embedded_architecture_files[];
extern const char *const cvz_embedded_architecture_names[];

#endif
