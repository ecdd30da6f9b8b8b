/* app/description.h: what the results say of their job: its attributes, its layers, the network. */
#ifndef CVZ_APP_DESCRIPTION_H
#define CVZ_APP_DESCRIPTION_H

#include "app/compute.h"
#include "app/method.h"
#include "app/settle.h"
#include "app/source.h"
#include "store/manifest.h"

#define CVZ_DESCRIPTION_TEXTS 12 /**< attributes beside those of the options */

/** Zero-initialise; free with cvz_description_free. Not to be moved once made: attributes point into it. */
typedef struct cvz_description {
  cvz_option_attributes parameters;
  cvz_attribute attributes[CVZ_OPTION_COUNT + CVZ_DESCRIPTION_TEXTS];
  int attribute_count;
  char model_hash[24], labels_hash[24], directions_hash[24], spectrum_hash[24];
  cvz_output_layer *layers; /**< those of the work; get what is found while they are rendered */
  cvz_text network;         /**< as JSON */
  cvz_manifest manifest;    /**< of all that */
} cvz_description;

/** Fills in the attributes. All is borrowed; the source must have its hash, the method its magnitudes. */
void cvz_description_attributes(cvz_description *description, const cvz_source *source, const cvz_settled *settled,
                                const cvz_compute *compute, const cvz_method *method);

/** After the attributes: layers, network and manifest, on rank 0.
 *  @param part  NULL: the whole job; all borrowed */
cvz_status cvz_description_layers(cvz_description *description, const cvz_graph *graph, const cvz_work *work,
                                  const cvz_method *method, const cvz_output_part *part, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_description_free(cvz_description *description);

#endif
