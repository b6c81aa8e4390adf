#include "daemons/hb-resource/address_batches.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::resource {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using What = AddressRequest::What;

AddressRequest request(std::uint32_t number, What what = What::kAdd, bool secondary = false) {
    return {.request = number,
            .what = what,
            .address = {.address = IpAddress::v4(0x0a000000 + number), .secondary = secondary}};
}

std::vector<std::uint32_t> numbers(const std::vector<AddressRequest>& batch) {
    std::vector<std::uint32_t> all;
    for (const AddressRequest& each : batch)
        all.push_back(each.request);
    return all;
}

TEST(AddressBatches, TheNextLeavesWhenAllOfTheOneBeforeIsAnswered) {
    constexpr auto kBatch = static_cast<std::uint32_t>(AddressBatches::kBatch);
    AddressBatches batches;
    for (std::uint32_t i = 0; i < 2 * kBatch + 3; i++)
        batches.push(request(i));
    std::uint32_t next = 0;
    for (const std::uint32_t size : {kBatch, kBatch, 3U}) {
        const auto batch = batches.take();
        ASSERT_EQ(batch.size(), size);
        for (const AddressRequest& each : batch)
            EXPECT_EQ(each.request, next++);
        for (const AddressRequest& each : batch) {
            EXPECT_THAT(batches.take(), IsEmpty());
            EXPECT_FALSE(batches.idle());
            batches.answered(each.request);
        }
    }
    EXPECT_TRUE(batches.idle());
    EXPECT_THAT(batches.take(), IsEmpty());
}

TEST(AddressBatches, SecondariesAreDeletedBeforeEverythingElse) {
    AddressBatches batches;
    batches.push(request(1, What::kDelete));
    batches.push(request(2, What::kDelete, true));
    batches.push(request(3, What::kAdd, true));
    batches.push(request(4, What::kDelete, true));
    EXPECT_THAT(numbers(batches.take()), ElementsAre(2U, 4U, 1U, 3U));
    // Also when they come while others wait.
    batches.push(request(5, What::kDelete));
    batches.push(request(6, What::kDelete, true));
    for (const std::uint32_t each : {1U, 2U, 3U, 4U})
        batches.answered(each);
    EXPECT_THAT(numbers(batches.take()), ElementsAre(6U, 5U));
}

TEST(AddressBatches, DeletionsDoNotWaitForAdditionsButForThatOfTheSameAddress) {
    AddressBatches batches;
    batches.push(request(1));
    batches.push(request(2));
    AddressRequest undo = request(3, What::kDelete);
    undo.address = request(2).address;
    batches.push(undo);
    batches.push(request(4, What::kDelete));
    AddressRequest again = request(5);
    again.address = request(4).address;
    batches.push(again);
    EXPECT_THAT(numbers(batches.take()), ElementsAre(4U, 1U, 2U, 3U, 5U));
    for (const std::uint32_t each : {1U, 2U, 3U, 4U, 5U})
        batches.answered(each);
    batches.push(request(6));
    batches.push(request(2, What::kDelete));
    EXPECT_THAT(numbers(batches.take()), ElementsAre(2U, 6U));
}

TEST(AddressBatches, OfLostAnswersTheNextBatchDoesNotWait) {
    AddressBatches batches;
    for (std::uint32_t i = 1; i <= AddressBatches::kBatch + 1; i++)
        batches.push(request(i));
    (void)batches.take();
    for (std::uint32_t i = 3; i <= AddressBatches::kBatch; i++)
        batches.answered(i);
    EXPECT_THAT(batches.lost(), ElementsAre(1U, 2U));
    EXPECT_THAT(numbers(batches.take()), ElementsAre(AddressBatches::kBatch + 1));
    // An answer that comes after all ends no wait of others.
    batches.answered(1);
    EXPECT_FALSE(batches.idle());
}

}  // namespace
}  // namespace hb::resource
