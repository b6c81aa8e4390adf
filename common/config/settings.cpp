#include "common/config/settings.hpp"

#include <algorithm>
#include <cctype>

namespace hb::config {

std::optional<NodeId> Settings::find_node(std::string_view name) const {
    const auto same_letter = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (std::size_t i = 0; i < nodes.size(); i++)
        if (std::ranges::equal(nodes[i], name, same_letter)) return node_id(i);
    return std::nullopt;
}

}  // namespace hb::config
