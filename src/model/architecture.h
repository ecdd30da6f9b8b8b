/* model/architecture.h: the configurations of keras.applications, embedded at build time.
 * weights/architectures/ has them as Keras's own model.to_json(), compressed; scripts/architectures.py makes them. */
#ifndef CVZ_MODEL_ARCHITECTURE_H
#define CVZ_MODEL_ARCHITECTURE_H

#include <stdbool.h>

#include "base/text.h"

/** Appends the JSON of a constructor of keras.applications, named in any letter case.
 *  @return CVZ_E_USAGE for an unknown name, with the closest ones */
cvz_status cvz_architecture_json(const char *name, bool top, cvz_text *json, cvz_error *error);

/** Constructor names in alphabetical order, ended by NULL. */
const char *const *cvz_architecture_names(void);

#endif
