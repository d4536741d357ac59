#ifndef TOFU_H
#define TOFU_H

/* Written by tests/capi from src/capi (make header). Do not edit. */

#include <stddef.h>
#include <stdint.h>

#if defined(TOFU_NO_ATTRIBUTES) || !defined(__GNUC__)
#define TOFU_CHECK_RESULT
#else
#define TOFU_CHECK_RESULT __attribute__((warn_unused_result))
#endif
