// The lab itself: what it breaks is broken, what it measures is right, and nothing is left of it.
#include <gtest/gtest.h>

#include "tests/lab/lab.hpp"

namespace hb::lab {
namespace {
TEST(Lab, boots) {
    Lab lab;
    lab.boot_all();
    const CommandResult r = lab.node(1).run({"sh", "-c", "hostname; id hacluster; ip -br addr; ls -la /etc/ha.d /var/lib/ha-suite; ps ax; ping -c 1 -W 1 10.77.1.2"});
    printf("%s%s", r.out.c_str(), r.err.c_str());
    printf("%s", lab.log().text().c_str());
    printf("%s", lab.addresses().text("10.77.0.1").c_str());
}
}
}
