/* app/build.h: which build of the program this is. */
#ifndef CVZ_APP_BUILD_H
#define CVZ_APP_BUILD_H

#define CVZ_BUILD_LENGTH 64

/** The version and the linker's checksum of the program, "0.1.0 (build 0123456789abcdef)": builds that differ in a
 *  single instruction differ here. Without a checksum the version alone. */
void cvz_build_name(char name[CVZ_BUILD_LENGTH]);

#endif
