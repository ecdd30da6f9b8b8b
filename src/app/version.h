/* app/version.h: the program and the libraries that it runs with. */
#ifndef CVZ_APP_VERSION_H
#define CVZ_APP_VERSION_H

#include <stdio.h>

/** --version. */
void cvz_version_print(FILE *stream);

#endif
