/* site/page.h: the page on which a job's pictures are looked at. */
#ifndef CVZ_SITE_PAGE_H
#define CVZ_SITE_PAGE_H

#include "base/attribute.h"
#include "base/status.h"
#include "store/output.h"

/** Writes DIRECTORY/index.html: a section with the grid of each layer, and the job's parameters. One file without
 *  scripts or anything from elsewhere: it refers only to layers/STEM.png and layers/STEM.h5 beside it.
 *
 *  @param attributes  as in the manifest; the text "model", else "arch", names the network in the title (folders are
 * dropped)
 *  @param layers      in the order of the page; names may hold any bytes */
cvz_status cvz_page_write(const char *directory, const cvz_attribute *attributes, int attribute_count,
                          const cvz_output_layer *layers, int layer_count, cvz_error *error);

#endif
