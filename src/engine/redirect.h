/* engine/redirect.h: ReLUs that let a gradient through where nothing else comes through.
 *
 * A ReLU whose inputs are all below zero has no gradient, and the ascent stands still. While such a ReLU gets nothing
 * through, what would raise an input that is too low, or lower one that is too high (ReLU6), is let through.
 * Source: C. Olah, A. Mordvintsev, L. Schubert, "Feature Visualization", Distill 2017, and Lucid,
 * lucid/misc/redirected_relu_grad.py: redirected_relu_grad, redirected_relu6_grad. There the loss is lowered, so the
 * signs are the opposite. */
#ifndef CVZ_ENGINE_REDIRECT_H
#define CVZ_ENGINE_REDIRECT_H

#include "kernel/view.h"

/** In place, from the derivative of what is raised by a ReLU's output to that by its input.
 *
 *  x is the ReLU's input, or its output: what counts is which elements are at or below `low`, and which at or above
 *  `high`. Those are closed, the others open. If dy is not 0 at any open element, dy becomes 0 at the closed ones (as
 *  TensorFlow has it); if it is, dy stays where it is > 0 and low, or < 0 and high, and becomes 0 at the other closed
 *  ones. dy, x: (H, W, C), all of the ReLU. */
void cvz_redirect(cvz_view dy, cvz_view x, float low, float high);

#endif
