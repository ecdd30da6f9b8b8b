/* model/store_path.h: where a file by paths (model/hdf5.h) has the weights of a layer. Inside model/ only. */
#ifndef CVZ_MODEL_STORE_PATH_H
#define CVZ_MODEL_STORE_PATH_H

#include "model/config.h"

/** How a version of Keras counts the layers of a class in one model, which are CLASS, CLASS_1, CLASS_2, ... */
typedef struct cvz_store_rule {
  bool shared; /**< one that has been saved before counts again */
  bool twice;  /**< one with weights counts as two */
} cvz_store_rule;

/** The rules of all versions, the newest first: Keras 3 and 2.15.. */
#define CVZ_STORE_RULES 3
extern const cvz_store_rule cvz_store_rules[CVZ_STORE_RULES];

/** The path of each layer without the `/vars` at its end; NULL for what is no layer. The slots must be known.
 *  @param[out] paths  config->layer_count texts; free with cvz_store_paths_free */
cvz_status cvz_store_paths(const cvz_config *config, cvz_store_rule rule, char ***paths, cvz_error *error);

void cvz_store_paths_free(char **paths, int count);

#endif
