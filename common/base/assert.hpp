// Assertions for programmer errors, on in release builds too: a daemon that is wrong about itself
// dies and is respawned. Never for input from outside, which is always answered.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HB_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) [[unlikely]] {                                                           \
            std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                          \
        }                                                                                          \
    } while (false)

#define HB_UNREACHABLE() HB_ASSERT(!"reached what cannot be")
