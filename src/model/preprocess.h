/* model/preprocess.h: which numbers a network expects of its image, told from its first layers and its name. */
#ifndef CVZ_MODEL_PREPROCESS_H
#define CVZ_MODEL_PREPROCESS_H

#include "graph/graph.h"

/** - Rescaling or Normalization on the image itself: pixels from 0 to 255 where it makes them small, else 0 to 1.
 *  - Else the name of the model that has the first layer, where keras.applications gives that name: its
 * preprocess_input.
 *  - Else, or where that needs other channels, -1 to 1. */
cvz_preprocess cvz_preprocess_detect(const cvz_graph *graph);

#endif
