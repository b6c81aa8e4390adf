#include "daemons/hb-resource/address_batches.hpp"

#include <utility>

namespace hb::resource {

void AddressBatches::push(AddressRequest request) {
    const bool of_secondary =
        request.what == AddressRequest::What::kDelete && request.address.secondary;
    (of_secondary ? secondaries_ : others_).push_back(std::move(request));
}

std::vector<AddressRequest> AddressBatches::take() {
    std::vector<AddressRequest> batch;
    if (!under_way_.empty()) return batch;
    while (batch.size() < kBatch) {
        std::deque<AddressRequest>& from = secondaries_.empty() ? others_ : secondaries_;
        if (from.empty()) break;
        under_way_.insert(from.front().request);
        batch.push_back(std::move(from.front()));
        from.pop_front();
    }
    return batch;
}

std::set<std::uint32_t> AddressBatches::lost() {
    return std::exchange(under_way_, {});
}

}  // namespace hb::resource
