#include "daemons/hb-resource/address_batches.hpp"

#include <utility>

namespace hb::resource {

void AddressBatches::push(AddressRequest request) {
    const bool first =
        request.what == AddressRequest::What::kDelete && !waits_.contains(request.address.address);
    if (!first) waits_.insert(request.address.address);
    std::deque<AddressRequest>& to = !first                      ? others_
                                     : request.address.secondary ? secondaries_
                                                                 : deletions_;
    to.push_back(std::move(request));
}

std::vector<AddressRequest> AddressBatches::take() {
    std::vector<AddressRequest> batch;
    if (!under_way_.empty()) return batch;
    while (batch.size() < kBatch) {
        std::deque<AddressRequest>& from = !secondaries_.empty() ? secondaries_
                                           : !deletions_.empty() ? deletions_
                                                                 : others_;
        if (from.empty()) break;
        if (&from == &others_) waits_.erase(waits_.find(from.front().address.address));
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
