/* site/embedded.h: the files of site/assets/ inside the program. Inside site/ only. */
#ifndef CVZ_SITE_EMBEDDED_H
#define CVZ_SITE_EMBEDDED_H

#include "base/embedded.h"

/** One for each of the names, which are in alphabetical order and ended by NULL. */
extern const cvz_embedded cvz_embedded_asset_files[];
extern const char *const cvz_embedded_asset_names[];

#endif
