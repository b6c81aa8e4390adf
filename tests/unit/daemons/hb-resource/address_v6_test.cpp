// What AddressAgent does otherwise for IPv6.
#include <linux/if_addr.h>

#include "tests/unit/daemons/hb-resource/address_scene.hpp"

namespace hb::resource {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class AddressV6Test : public AddressAgentTest {
  protected:
    void link(bool up) {
        eth0_.up = up;
        eth0_.carrier = up;
        agent_.handle(LinkSeen{eth0_}, now_, out_);
        if (!up)
            for (const KernelAddress& a : std::vector(kernel_.addresses))
                if (!a.address.is_v4()) kernel_.remove(a);
        report();
        settle();
    }
    void add_foreign(std::uint32_t flags) {
        kernel_.addresses.push_back(
            {.address = ip("2001:db8::5"), .prefix = 64, .link = 2, .flags = flags});
    }
};

TEST_F(AddressV6Test, IsAddedWithoutDetectionDeprecatedAndAnnounced) {
    const auto start = run(Operation::kStart, spec("2001:db8::5", 64));
    settle();
    EXPECT_EQ(outcome(start), "ok");
    ASSERT_EQ(kernel_.addresses.size(), 1U);
    const KernelAddress& it = kernel_.addresses[0];
    EXPECT_EQ(it.flags & IFA_F_NODAD, unsigned{IFA_F_NODAD});
    EXPECT_EQ(it.preferred, 0U);
    EXPECT_EQ(it.valid, std::nullopt);
    EXPECT_EQ(it.label, "");
    EXPECT_EQ(it.broadcast, std::nullopt);
    EXPECT_THAT(announced_, ElementsAre("2001:db8::5"));
    EXPECT_THAT(texts(), ElementsAre("Added 2001:db8::5/64 to eth0"));
    EXPECT_EQ(outcome(run(Operation::kStop, spec("2001:db8::5"))), "none");
    settle();
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

// The kernel answers before it reports: what is stopped right after must be taken back.
TEST_F(AddressV6Test, AnAnswerCountsBeforeTheReport) {
    run(Operation::kStart, spec("2001:db8::5", 64));
    const auto added = std::exchange(requests_, {}).front();
    EXPECT_EQ(kernel_.carry_out(added), 0);
    agent_.answered(added.request, 0, now_, out_);
    collect();
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("2001:db8::5"))), "running");
    agent_.hold(spec("2001:db8::5", 64), now_, out_);
    EXPECT_THAT(requests_, IsEmpty());
    run(Operation::kStop, spec("2001:db8::5"));
    ASSERT_EQ(requests_.size(), 1U);
    EXPECT_EQ(requests_[0].what, What::kDelete);
}

TEST_F(AddressV6Test, AnAnswerToWhatIsGoneAgainAddsNothing) {
    run(Operation::kStart, spec("2001:db8::5", 64));
    const auto added = std::exchange(requests_, {}).front();
    agent_.handle(AddressGone{added.address}, now_, out_);
    agent_.answered(added.request, 0, now_, out_);
    collect();
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("2001:db8::5"))), "not running");
}

TEST_F(AddressV6Test, AThousandBesideAThousandAreOneBatch) {
    for (unsigned i = 0; i < 1000; i++) {
        run(Operation::kStart, spec(fmt::format("2001:db8::{:x}", i + 1), 64));
        run(Operation::kStart, spec(IpAddress::v4(0x0a000001 + i).to_string(), 16, "eth0"));
    }
    settle();
    EXPECT_THAT(batches_, ElementsAre(2000U));
    EXPECT_EQ(announced_.size(), 2000U);
    for (unsigned i = 0; i < 1000; i++)
        run(Operation::kStop, spec(fmt::format("2001:db8::{:x}", i + 1), 64));
    settle();
    EXPECT_THAT(batches_, ElementsAre(2000U, 1000U));
    EXPECT_EQ(kernel_.addresses.size(), 1000U);
}

TEST_F(AddressV6Test, IsPutBackWhenSomebodyRemovedIt) {
    run(Operation::kStart, spec("2001:db8::5", 64));
    settle();
    somebody_removes("2001:db8::5");
    EXPECT_THAT(kernel_.names(), ElementsAre("2001:db8::5"));
    EXPECT_EQ(kernel_.addresses[0].preferred, 0U);
    EXPECT_THAT(texts(), Contains("Put 2001:db8::5 back on eth0: somebody else had removed it"));
}

TEST_F(AddressV6Test, ComesBackWithItsLink) {
    for (const char* address : {"2001:db8::5", "2001:db8::6"})
        run(Operation::kStart, spec(address, 64));
    run(Operation::kStart, spec("10.0.0.5"));
    settle();
    for (int i = 0; i < 3; i++) {  // no fight: it does not take longer each time
        SCOPED_TRACE(i);
        events_.clear();
        announced_.clear();
        link(false);
        EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5"));
        EXPECT_THAT(texts(),
                    ElementsAre("eth0 was set down, and IPv6 addresses with it, "
                                "2001:db8::5 among them: they are put back when it is up"));
        link(true);
        EXPECT_EQ(wait(), 0s);
        EXPECT_THAT(kernel_.names(), ElementsAre("10.0.0.5", "2001:db8::5", "2001:db8::6"));
        EXPECT_THAT(texts(),
                    Contains("Put 2001:db8::6 back on eth0: its interface had been set down"));
        EXPECT_THAT(announced_,
                    testing::UnorderedElementsAre("10.0.0.5", "2001:db8::5", "2001:db8::6"));
    }
}

TEST_F(AddressV6Test, StoppedWhileItsLinkIsDownItStaysAway) {
    run(Operation::kStart, spec("2001:db8::5", 64));
    settle();
    link(false);
    EXPECT_EQ(outcome(run(Operation::kStop, spec("2001:db8::5"))), "ok");
    link(true);
    EXPECT_EQ(agent_.next_deadline(), kForever);
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

TEST_F(AddressV6Test, OneUnderDetectionOrWithoutSuccessIsReplaced) {
    for (const std::uint32_t flags : {unsigned{IFA_F_TENTATIVE}, unsigned{IFA_F_DADFAILED}}) {
        SCOPED_TRACE(flags);
        add_foreign(flags);
        dump();
        const auto start = run(Operation::kStart, spec("2001:db8::5", 64));
        ASSERT_EQ(requests_.size(), 2U);
        EXPECT_EQ(requests_[0].what, What::kDelete);
        settle();
        EXPECT_EQ(outcome(start), "ok");
        ASSERT_EQ(kernel_.addresses.size(), 1U);
        EXPECT_EQ(kernel_.addresses[0].flags & IFA_F_NODAD, unsigned{IFA_F_NODAD});
        run(Operation::kStop, spec("2001:db8::5"));
        settle();
        EXPECT_THAT(kernel_.names(), IsEmpty());
    }
}

TEST_F(AddressV6Test, OneThatAnotherHostClaimsDoesNotRunButIsRemoved) {
    add_foreign(IFA_F_DADFAILED);
    dump();
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("2001:db8::5"))), "not running");
    run(Operation::kStop, spec("2001:db8::5"));
    settle();
    EXPECT_THAT(kernel_.names(), IsEmpty());
}

TEST_F(AddressV6Test, TakenOverAndThenLostToDetectionItIsReplaced) {
    add_foreign(0);
    dump();
    EXPECT_EQ(outcome(run(Operation::kStart, spec("2001:db8::5", 64))), "ok");
    kernel_.addresses[0].flags = IFA_F_DADFAILED;
    agent_.handle(AddressSeen{kernel_.addresses[0]}, now_, out_);
    settle();
    ASSERT_EQ(kernel_.addresses.size(), 1U);
    EXPECT_EQ(kernel_.addresses[0].flags & IFA_F_DADFAILED, 0U);
    EXPECT_EQ(outcome(run(Operation::kStatus, spec("2001:db8::5"))), "running");
}

TEST_F(AddressV6Test, SaysThatIpv6IsOff) {
    const auto start = run(Operation::kStart, spec("2001:db8::5", 64));
    agent_.answered(std::exchange(requests_, {}).front().request, EACCES, now_, out_);
    collect();
    EXPECT_EQ(done_.at(start).detail,
              "2001:db8::5 on eth0: IPv6 is off there (net.ipv6.conf.eth0.disable_ipv6)");
}

}  // namespace
}  // namespace hb::resource
