/* site/pages.h: the atlas: pages on which a job's pictures are looked at, from disk or from any web server.
 *
 * index.html and site/ are the same files for every job; what they show is in site/job.js, written here, in
 * site/layers/STEM.js and .png (store/layer_file.h), and in site/times.js (site/times.h). */
#ifndef CVZ_SITE_PAGES_H
#define CVZ_SITE_PAGES_H

#include <stdbool.h>

#include "store/manifest.h"

/** Writes index.html and the scripts and styles of DIRECTORY/site/, which must be there. */
cvz_status cvz_pages_write(const char *directory, cvz_error *error);

/** How far the job is. */
typedef struct cvz_pages_progress {
  int done, total; /**< filters */
} cvz_pages_progress;

/** Writes site/job.js: the manifest, in which layers that are not finished have no unit yet, and the progress. May be
 *  written again at any time while the job runs. */
cvz_status cvz_pages_job(const char *directory, const cvz_manifest *manifest, cvz_pages_progress progress,
                         cvz_error *error);

/** Writes all that a finished job has: the pages, site/job.js and manifest.json. */
cvz_status cvz_pages_finish(const char *directory, const cvz_manifest *manifest, cvz_error *error);

#endif
