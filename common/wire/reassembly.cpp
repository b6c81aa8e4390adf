#include "common/wire/reassembly.hpp"

#include <tuple>
#include <utility>

namespace hb::wire {
namespace {

auto life(const FrameHeader& h) {
    return std::tuple(h.generation, h.session);
}

}  // namespace

Reassembler::Partial& Reassembler::slot_for(Sender& sender, const FrameHeader& header) {
    if (life(header) == life(sender.highest.header)) return sender.highest;
    if (life(header) > life(sender.highest.header)) {
        sender.other = std::exchange(sender.highest, Partial{});
        return sender.highest;
    }
    return sender.other;
}

std::optional<WholeFrame> Reassembler::add(OpenedPart part) {
    if (part.header.parts == 1) return WholeFrame{part.header, std::move(part.body)};

    Partial& p = slot_for(senders_[part.header.sender], part.header);
    const bool same_life = life(part.header) == life(p.header);
    if (same_life && part.header.sequence < p.header.sequence) return std::nullopt;
    if (!same_life || part.header.sequence > p.header.sequence) {
        p = Partial{};
        p.header = part.header;
        p.header.part = 0;
        p.body_bytes = part.body_bytes;
        p.missing = part.header.parts;
        p.parts.resize(part.header.parts);
    }
    if (p.missing == 0 || part.header.parts != p.header.parts || part.body_bytes != p.body_bytes ||
        part.header.cluster != p.header.cluster || p.parts[part.header.part])
        return std::nullopt;

    p.parts[part.header.part] = std::move(part.body);
    if (--p.missing != 0) return std::nullopt;

    WholeFrame whole{p.header, {}};
    whole.body.reserve(p.body_bytes);
    for (const auto& piece : p.parts)
        whole.body += *piece;
    p.parts.clear();
    return whole;
}

std::size_t Reassembler::bytes_kept() const {
    std::size_t sum = 0;
    for (const auto& [node, sender] : senders_)
        for (const Partial* p : {&sender.highest, &sender.other})
            for (const auto& piece : p->parts)
                sum += piece ? piece->size() : 0;
    return sum;
}

}  // namespace hb::wire
