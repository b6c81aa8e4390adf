// The base of the lab's tests with the real programs: a lab, a cluster, and at the end of each test
// the promise that holds for all of them: never did two kernels have one address, never did two
// MACs answer for one. A test in which that is allowed says so.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/lab/arp_watch.hpp"
#include "tests/lab/cluster.hpp"
#include "tests/lab/probe.hpp"

namespace hb::lab {

class ClusterTest : public ::testing::Test {
  protected:
    // Boots the nodes, starts the suite everywhere and waits until all is where it should be.
    void run_cluster(ClusterConfig config = {}) {
        prepare_cluster(std::move(config));
        cluster_->start_all();
        cluster_->wait_settled();
    }
    // The same without starting anything.
    void prepare_cluster(ClusterConfig config = {}) {
        lab_ = std::make_unique<Lab>(LabOptions{.nodes = config.nodes, .cgroups = config.cgroups});
        cluster_ = std::make_unique<Cluster>(*lab_, std::move(config));
        arp_ = std::make_unique<ArpWatch>(lab_->client(), cluster_->addresses());
    }

    void two_owners_are_allowed() { two_owners_allowed_ = true; }

    void TearDown() override {
        if (!cluster_) return;
        if (!two_owners_allowed_) expect_one_owner();
        if (HasFailure()) std::printf("%s", cluster_->story().c_str());
        arp_.reset();
        cluster_.reset();
        lab_.reset();
    }

    void expect_one_owner() {
        for (const std::string& address : cluster_->addresses()) {
            EXPECT_TRUE(lab_->addresses().overlaps(address).empty())
                << "two kernels had " << address << ":\n"
                << lab_->addresses().text(address);
        }
        for (const DoubleOwner& d : arp_->double_owners())
            ADD_FAILURE() << d.macs[0] << " and " << d.macs[1] << " both answered for " << d.address
                          << " at " << lab_->log().seconds(d.at) << " s";
    }

    // What a wait that is not for an event, but for its absence, lasts: several deadtimes.
    static constexpr Duration kLongEnough = 3s;
    // Lets that time pass while `holds` holds; false as soon as it does not.
    bool stays(const std::function<bool()>& holds, Duration how_long = kLongEnough) {
        return !lab_->wakeup().wait(how_long, [&] { return !holds(); });
    }

    Lab& lab() { return *lab_; }
    Cluster& cluster() { return *cluster_; }
    Node& node(unsigned number) { return lab_->node(number); }
    ArpWatch& arp() { return *arp_; }

  private:
    std::unique_ptr<Lab> lab_;
    std::unique_ptr<Cluster> cluster_;
    std::unique_ptr<ArpWatch> arp_;
    bool two_owners_allowed_ = false;
};

}  // namespace hb::lab
