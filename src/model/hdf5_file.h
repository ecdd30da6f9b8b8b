/* model/hdf5_file.h: an open file, for the parts of model/hdf5.h: opening, index, values. */
#ifndef CVZ_MODEL_HDF5_FILE_H
#define CVZ_MODEL_HDF5_FILE_H

#include <hdf5.h>

#include "model/hdf5.h"
#include "model/hdf5_image.h"

#define CVZ_CHECKPOINT_GROUP "_layer_checkpoint_dependencies"

struct cvz_hdf5 {
  char *name;           /* in messages */
  hid_t file, weights;  /* the group of weights */
  cvz_hdf5_image image; /* of an unpacked file */
  hid_t access[2];      /* property lists of groups and datasets that refuse links to other files */
  char *config, *version;
  bool by_paths;
};

/* The library prints its own account of every failure unless it is told not to; ours is one line. */
typedef struct cvz_hdf5_silence {
  H5E_auto2_t report;
  void *data;
} cvz_hdf5_silence;

cvz_hdf5_silence cvz_hdf5_hush(void);
void cvz_hdf5_unhush(cvz_hdf5_silence before);

#endif
