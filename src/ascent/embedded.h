/* ascent/embedded.h: the spectrum of photographs, inside the program. */
#ifndef CVZ_ASCENT_EMBEDDED_H
#define CVZ_ASCENT_EMBEDDED_H

#include "base/embedded.h"

extern const cvz_embedded cvz_embedded_spectrum_files[]; /**< one text, ended by 0 */
extern const char *const cvz_embedded_spectrum_names[];

#endif
