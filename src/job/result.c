#include "job/result.h"

#include <math.h>

float cvz_result_last_loss(const float *loss, int steps)
{
  float last = NAN;
  for (int i = 0; i < steps && !isnan(loss[i]); i++) last = loss[i];
  return last;
}
