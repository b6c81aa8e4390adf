// A set of nodes as one word. Iterates in rank order.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>

#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace hb {

class NodeSet {
  public:
    constexpr NodeSet() = default;
    constexpr NodeSet(std::initializer_list<NodeId> nodes) {
        for (NodeId n : nodes)
            insert(n);
    }
    static constexpr NodeSet from_bits(std::uint64_t bits) {
        NodeSet s;
        s.bits_ = bits;
        return s;
    }
    constexpr void insert(NodeId n) { bits_ |= bit(n); }
    constexpr void erase(NodeId n) { bits_ &= ~bit(n); }
    [[nodiscard]] constexpr bool contains(NodeId n) const { return (bits_ & bit(n)) != 0; }
    [[nodiscard]] constexpr std::size_t size() const {
        return static_cast<std::size_t>(std::popcount(bits_));
    }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
    constexpr bool operator==(const NodeSet&) const = default;

    class Iterator {
      public:
        explicit constexpr Iterator(std::uint64_t rest) : rest_(rest) {}
        constexpr NodeId operator*() const {
            return node_id(static_cast<std::size_t>(std::countr_zero(rest_)));
        }
        constexpr Iterator& operator++() {
            rest_ &= rest_ - 1;
            return *this;
        }
        constexpr bool operator==(const Iterator&) const = default;

      private:
        std::uint64_t rest_;
    };
    [[nodiscard]] constexpr Iterator begin() const { return Iterator(bits_); }
    [[nodiscard]] constexpr Iterator end() const { return Iterator(0); }

  private:
    static constexpr std::uint64_t bit(NodeId n) { return std::uint64_t{1} << rank(n); }
    std::uint64_t bits_ = 0;
};

}  // namespace hb
