/* model/keras.h: a Keras file -> a graph and the values of its weights.
 *
 * Rank 0 opens the file and describes it in a text (configuration JSON and the index of weights); every rank builds
 * the same graph from that text; the values are read by rank 0 alone, into memory that the caller has.
 * Files are .keras, .weights.h5 and legacy .h5 of Keras 2.2 to 3.15; model/archive.h and model/hdf5.h tell what is in
 * them. */
#ifndef CVZ_MODEL_KERAS_H
#define CVZ_MODEL_KERAS_H

#include "base/log.h"
#include "base/text.h"
#include "graph/graph.h"

typedef struct cvz_keras_file cvz_keras_file;

/** Opens a Keras file, recognised by its content.
 *  @param arch  NULL for a full model; for a weights-only file the name of a keras.applications constructor in any
 *               letter case. With the top if the file has weights for it.
 *  @return CVZ_E_IO (missing, unreadable), CVZ_E_FORMAT (not HDF5, truncated, no model in it), CVZ_E_USAGE (a full
 *          model with arch, a weights-only file without), CVZ_E_RANGE (unknown arch, with the closest names) */
cvz_status cvz_keras_open(cvz_keras_file **file, const char *path, const char *arch, cvz_error *error);

void cvz_keras_close(cvz_keras_file *file);

/** Appends the description of the model: one JSON object with the configuration, keras_version and index of weights.
 */
cvz_status cvz_keras_describe(const cvz_keras_file *file, cvz_text *description, cvz_error *error);

/** Builds the graph from a description. Layers that are not supported, and those after them, get node -1 and a
 *  `problem`; only a target that needs them fails, later. A description of the wrong shape is CVZ_E_FORMAT.
 *  What the network expects of its image is told from its first layers and its name (graph->preprocess).
 *  @param[out] graph  filled on success; free with cvz_graph_free */
cvz_status cvz_keras_build(cvz_graph *graph, const char *description, size_t length, cvz_error *error);

/** Both of these, where nobody else needs the text. */
cvz_status cvz_keras_graph(cvz_graph *graph, const cvz_keras_file *file, cvz_error *error);

/** Reads the weights marked in `wanted` (graph->weight_count of them; NULL: all) to values + weight.offset, as float32.
 *  @param log  gets a warning for each tensor that holds NaN or infinity; may be NULL */
cvz_status cvz_keras_read(cvz_keras_file *file, const cvz_graph *graph, const bool *wanted, float *values,
                          const cvz_log *log, cvz_error *error);

#endif
