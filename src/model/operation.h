/* model/operation.h: the readers of model/operations.def. Inside model/ only. */
#ifndef CVZ_MODEL_OPERATION_H
#define CVZ_MODEL_OPERATION_H

#include "model/layer.h"

#define O(text, function, value)                                                                                       \
  cvz_status cvz_operation_##function(cvz_reading *reading, int detail, cvz_error *error);
#include "model/operations.def"
#undef O

#endif
