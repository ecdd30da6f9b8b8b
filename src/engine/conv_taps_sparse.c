#include "base/memory.h"
#include "engine/conv.h"
#include "engine/taps.h"

/* The same sums where about half of the numbers are zero: tap by tap, on some rows at once, without the zeros. */

#define PIXELS 96 /* of some rows, which stay in the first-level cache while the taps pass */

/* The framed map of a pass, its bits, and what the products share. */
typedef struct cvz_sparse_pass {
  const cvz_slide *slide;
  cvz_conv_sizes sizes;
  const cvz_kernels *kernels;
  cvz_view from, to;
  cvz_bits bits;
  cvz_taps_frame frame;
  const float *weights;
  bool accumulate;
} cvz_sparse_pass;

/* Frames the map and finds what of it is not zero; the bits lie behind it in the scratch. */
static cvz_sparse_pass begin(const cvz_context *context, cvz_view from, cvz_view to, cvz_taps_frame frame, int slot)
{
  cvz_sparse_pass p = {.slide = &context->step->slide,
                       .sizes = cvz_conv_sizes_of(context->plan, context->step),
                       .kernels = cvz_context_kernels(context),
                       .to = to,
                       .frame = frame,
                       .weights = cvz_context_pack(context, slot)};
  float *scratch = cvz_context_scratch(context);
  p.from = cvz_taps_framed(p.kernels, from, frame, scratch);
  const size_t floats = cvz_align(cvz_taps_framed_floats(from, frame) * sizeof(float)) / sizeof(float);
  p.bits.data = (uint64_t *)(void *)(scratch + floats);
  p.bits.pixel = cvz_bits_words(from.channels);
  p.bits.row = (size_t)p.from.width * p.bits.pixel;
  for (int row = 0; row < p.from.height; row++)
    p.kernels->nonzero(p.bits.data + (size_t)row * p.bits.row, p.from.width, from.channels,
                       p.from.data + (size_t)row * p.from.row, p.from.pixel);
  return p;
}

/* Where a tap begins to read. */
static void read_from(const cvz_sparse_pass *p, cvz_sparse_product *product, int y, int x)
{
  const size_t row = (size_t)(y + p->frame.top), column = (size_t)(x + p->frame.left);
  product->x = p->from.data + row * p->from.row + column * p->from.pixel;
  product->bits = p->bits.data + row * p->bits.row + column * p->bits.pixel;
}

static int rows_at_once(int width)
{
  const int rows = (PIXELS + width / 2) / width;
  return rows < 1 ? 1 : rows;
}

/* Output rows from `row` on, one block of filters. */
static void forward_rows(const cvz_sparse_pass *p, int row, int rows, int first, int columns)
{
  const cvz_slide *s = p->slide;
  const size_t tap_floats = (size_t)p->sizes.channels * (size_t)columns;
  cvz_sparse_product product = {.rows = rows,
                                .width = p->to.width,
                                .channels = p->sizes.channels,
                                .columns = columns,
                                .x_row = (size_t)s->stride[0] * p->from.row,
                                .x_pixel = (size_t)s->stride[1] * p->from.pixel,
                                .bits_row = (size_t)s->stride[0] * p->bits.row,
                                .bits_pixel = (size_t)s->stride[1] * p->bits.pixel,
                                .weights = p->weights + (size_t)first * (size_t)(s->kernel[0] * s->kernel[1]) *
                                                            (size_t)p->sizes.channels,
                                .y = p->to.data + (size_t)row * p->to.row + first,
                                .y_row = p->to.row,
                                .y_pixel = p->to.pixel};
  for (int r = 0; r < s->kernel[0]; r++)
    for (int tap = 0; tap < s->kernel[1]; tap++, product.weights += tap_floats) {
      read_from(p, &product, row * s->stride[0] - s->before[0] + r * s->dilation[0],
                tap * s->dilation[1] - s->before[1]);
      p->kernels->sparse_multiply(&product);
      product.accumulate = true;
    }
}

static void forward(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  const cvz_taps_frame frame = cvz_taps_forward_frame(&context->step->slide, 1, x, y);
  const cvz_sparse_pass p = begin(context, x, y, frame, CVZ_SLOT_FORWARD);
  const int rows = rows_at_once(y.width), most = p.kernels->sparse_columns;
  for (int first = 0; first < y.channels; first += most)
    for (int row = 0; row < y.height; row += rows)
      forward_rows(&p, row, cvz_conv_block(rows, row, y.height), first, cvz_conv_block(most, first, y.channels));
  cvz_conv_finish(context, y, &epilogue, 0, 0);
}

/* Rows y, y + stride, ... of dx, one class of columns, one block of channels. */
static void backward_class(const cvz_sparse_pass *p, const cvz_taps_class_row *row, int rows, int first, int columns)
{
  const cvz_slide *s = p->slide;
  const int down = cvz_blocks_taps(&p->sizes, 0, row->class[0]), across = cvz_blocks_taps(&p->sizes, 1, row->class[1]);
  const size_t tap_floats = (size_t)p->sizes.filters * (size_t)columns;
  cvz_view to = cvz_view_channels(cvz_taps_class_view(s, p->to, row), first, columns);
  to.height = rows;
  to.row = (size_t)s->stride[0] * p->to.row;
  cvz_sparse_product product = {.rows = rows,
                                .width = row->count,
                                .channels = p->sizes.filters,
                                .columns = columns,
                                .x_row = p->from.row,
                                .x_pixel = p->from.pixel,
                                .bits_row = p->bits.row,
                                .bits_pixel = p->bits.pixel,
                                .weights = p->weights +
                                           cvz_blocks_class_offset(&p->sizes, row->class[0], row -> class[1]) +
                                           (size_t)first * (size_t)(down * across) * (size_t)p->sizes.filters,
                                .y = to.data,
                                .y_row = to.row,
                                .y_pixel = to.pixel,
                                .accumulate = p->accumulate};
  if (down * across == 0 && !p->accumulate) p->kernels->fill(to, 0.0f);
  for (int i = down - 1; i >= 0; i--)
    for (int j = across - 1; j >= 0; j--, product.weights += tap_floats) {
      read_from(p, &product, row->last_y - i * s->dilation[0], row->last_x - j * s->dilation[1]);
      p->kernels->sparse_multiply(&product);
      product.accumulate = true;
    }
}

/* All rows of one vertical class, beginning with row `y`. */
static void backward_rows(const cvz_sparse_pass *p, int y, int first, int columns)
{
  const int *stride = p->slide->stride;
  const int rows = rows_at_once((p->to.width + stride[1] - 1) / stride[1]);
  for (; y < p->to.height; y += rows * stride[0]) {
    const int left = (p->to.height - y + stride[0] - 1) / stride[0];
    for (int class = 0; class < stride[1]; class ++) {
      const cvz_taps_class_row row = cvz_taps_class_row_of(p->slide, p->to, y, class);
      if (row.count) backward_class(p, &row, rows < left ? rows : left, first, columns);
    }
  }
}

static void backward(const cvz_context *context)
{
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  const cvz_taps_frame frame = cvz_taps_backward_frame(&context->step->slide, dx, dy);
  cvz_sparse_pass p = begin(context, dy, dx, frame, CVZ_SLOT_BACKWARD);
  p.accumulate = context->step->inputs[0].accumulate;
  const int most = p.kernels->sparse_columns;
  for (int first = 0; first < dx.channels; first += most)
    for (int y = 0; y < p.slide->stride[0] && y < dx.height; y++)
      backward_rows(&p, y, first, cvz_conv_block(most, first, dx.channels));
  cvz_conv_finish(context, dx, &epilogue, 0, 0);
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"taps sparse", forward, false}, backward_pass = {"taps sparse", backward, false};

/* The framed map and its bits. */
static size_t scratch_floats(cvz_view view, cvz_taps_frame frame)
{
  const size_t floats = cvz_taps_framed_floats(view, frame), pixels = floats / (size_t)view.channels;
  return cvz_align(floats * sizeof(float)) / sizeof(float) +
         pixels * cvz_bits_words(view.channels) * (sizeof(uint64_t) / sizeof(float));
}

cvz_status cvz_conv_taps_sparse_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_view x = cvz_taps_stored(cvz_step_input(plan, step, 0)), y = cvz_taps_stored(cvz_step_output(plan, step));
  step->forward = &forward_pass;
  cvz_step_want_scratch(step, scratch_floats(x, cvz_taps_forward_frame(&step->slide, 1, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_FORWARD, CVZ_PACK_FORWARD, y.channels, plan->kernels->sparse_columns,
                           1, error);
}

cvz_status cvz_conv_taps_sparse_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_view x = cvz_taps_stored(cvz_step_input(plan, step, 0)), y = cvz_taps_stored(cvz_step_output(plan, step));
  step->backward = &backward_pass;
  cvz_step_want_scratch(step, scratch_floats(y, cvz_taps_backward_frame(&step->slide, x, y)));
  return cvz_conv_add_pack(step, packs, CVZ_SLOT_BACKWARD, CVZ_PACK_BACKWARD, y.channels, plan->kernels->sparse_columns,
                           0, error);
}
