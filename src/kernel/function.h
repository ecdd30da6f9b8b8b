/* kernel/function.h: exp, log, sine and cosine of one number in double precision: our own, since libm's differ from
 * machine to machine. Built of + - * / alone, so they have the same bits everywhere. */
#ifndef CVZ_KERNEL_FUNCTION_H
#define CVZ_KERNEL_FUNCTION_H

#define CVZ_PI 3.14159265358979323846

/** e^x; relative error below 1e-15 for |x| <= 700, cut to that range. */
double cvz_exp(double x);

/** Natural logarithm of a normal number x > 0; error below 1e-15 of max(|log x|, 1). */
double cvz_log(double x);

/** base^exponent of a base > 0, by log and exp. */
double cvz_power(double base, double exponent);

/** Sine and cosine of an angle in radians, |angle| <= 1e6; absolute error below 1e-15. */
void cvz_sincos(double angle, double *sine, double *cosine);

#endif
