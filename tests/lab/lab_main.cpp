// main() of the lab's tests: without root, or without namespaces, they are skipped, not failed.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/lab/lab.hpp"

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (const std::string why = hb::lab::Lab::cannot_run(); !why.empty()) {
        std::printf("skipped: %s\n", why.c_str());
        return 77;
    }
    return RUN_ALL_TESTS();
}
