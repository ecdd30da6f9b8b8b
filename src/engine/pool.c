#include "engine/step.h"

/* x: (H, W, C), y: (OH, OW, C), each output from a window of one channel. */

static cvz_status plan_pool(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)packs, (void)error;
  step->slide = cvz_step_slide(plan, step, &cvz_step_node(plan, step)->pool);
  return CVZ_OK;
}

/* The state is where each maximum was: (OH, OW, C) of 16 bits. */
static cvz_status plan_maxpool(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_window *window = &cvz_step_node(plan, step)->pool;
  CVZ_REQUIRE((long)window->kernel[0] * window->kernel[1] <= UINT16_MAX, error, CVZ_E_RANGE,
              "max pooling: a window of %d x %d is too large", window->kernel[0], window->kernel[1]);
  step->state = (cvz_value_count(cvz_step_output(plan, step)) + 1) / 2;
  return plan_pool(plan, step, packs, error);
}

static void forward_maxpool(const cvz_context *context)
{
  cvz_context_kernels(context)->maxpool(&context->step->slide, cvz_context_output(context),
                                        cvz_context_input(context, 0), (uint16_t *)cvz_context_state(context),
                                        context->step->pad >= 0);
}

static void backward_maxpool(const cvz_context *context)
{
  cvz_context_kernels(context)->maxpool_backward(
      &context->step->slide, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
      (const uint16_t *)cvz_context_state(context), context->step->inputs[0].accumulate);
}

static void forward_avgpool(const cvz_context *context)
{
  cvz_context_kernels(context)->avgpool(&context->step->slide, cvz_context_output(context),
                                        cvz_context_input(context, 0));
}

static void backward_avgpool(const cvz_context *context)
{
  cvz_context_kernels(context)->avgpool_backward(&context->step->slide, cvz_context_input_gradient(context, 0),
                                                 cvz_context_output_gradient(context),
                                                 context->step->inputs[0].accumulate);
}

static cvz_status plan_globalavg(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

static float mean_factor(cvz_view map)
{
  return 1.0f / ((float)map.height * (float)map.width);
}

static void forward_globalavg(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  cvz_context_kernels(context)->fill(y, 0.0f);
  cvz_context_kernels(context)->pixel_sum(y.data, x, mean_factor(x));
}

/* Each pixel gets the same share: dy is read as a map of one repeated pixel. */
static void backward_globalavg(const cvz_context *context)
{
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  for (int c = 0; c < dy.channels; c++) dy.data[c] *= mean_factor(dx);
  const cvz_view share = {dy.data, dx.height, dx.width, dx.channels, 0, 0};
  cvz_context_kernels(context)->copy(dx, share, context->step->inputs[0].accumulate);
}

const cvz_operator cvz_operator_maxpool = {.plan = plan_maxpool,
                                           .forward = {"max pool", forward_maxpool, false},
                                           .backward = {"max pool", backward_maxpool, false},
                                           .overwrites = true,
                                           .channelwise = true};

const cvz_operator cvz_operator_avgpool = {.plan = plan_pool,
                                           .forward = {"average pool", forward_avgpool, false},
                                           .backward = {"average pool", backward_avgpool, false},
                                           .overwrites = true,
                                           .channelwise = true};

const cvz_operator cvz_operator_globalavg = {.plan = plan_globalavg,
                                             .forward = {"global average", forward_globalavg, false},
                                             .backward = {"global average", backward_globalavg, false},
                                             .overwrites = true};
