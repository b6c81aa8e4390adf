// A published value, so that what is on the wire and in journals stays what it is.
#include "common/base/fingerprint.hpp"

#include <gtest/gtest.h>

namespace hb {
namespace {

TEST(Fingerprint, IsBlake2bOf128Bits) {
    const std::array<std::uint8_t, 16> abc = {0xcf, 0x4a, 0xb7, 0x91, 0xc6, 0x2b, 0x8d, 0x2b,
                                              0x21, 0x09, 0xc9, 0x02, 0x75, 0x28, 0x78, 0x16};
    EXPECT_EQ(fingerprint("abc"), abc);
    EXPECT_EQ(fingerprint64("abc"), 0xcf4ab791c62b8d2bU);
    EXPECT_NE(fingerprint(""), fingerprint(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace hb
