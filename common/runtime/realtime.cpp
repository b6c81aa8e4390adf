#include <fmt/format.h>
#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/runtime/privileges.hpp"
#include "common/runtime/sanitized.hpp"

namespace hb::runtime {

namespace {

constexpr std::size_t kStackBytes = 512 * 1024;
constexpr std::size_t kHeapBytes = 8 * 1024 * 1024;

// Makes the stack as deep as it is ever needed. A locked stack that has to grow past the limit on
// locked memory would be a crash, so it is grown while growing is free.
[[gnu::noinline]] void grow_stack() {
    std::array<volatile char, kStackBytes> pages;
    for (std::size_t i = 0; i < pages.size(); i += 1024)
        pages[i] = 0;
}

// Heap that is there before it is needed, and is never given back.
void grow_heap() {
    ::mallopt(M_TRIM_THRESHOLD, -1);
    ::mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    void* heap = ::malloc(kHeapBytes);
    if (heap != nullptr) std::memset(heap, 1, kHeapBytes);
    // Not optimised away: the compiler sees that somebody may look.
    asm volatile("" : : "r"(heap) : "memory");
    ::free(heap);
}

}  // namespace

std::string lock_memory() {
    // A sanitizer's shadow memory is terabytes of address space: nothing to lock.
    if (kSanitized) return {};
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    const bool no_limit = ::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
    grow_stack();
    grow_heap();
    // With a limit that will hold once the capability is gone, MCL_FUTURE would make later
    // allocations fail. What is there now is what a heartbeat needs.
    if (::mlockall(no_limit ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT) == 0) return {};
    return fmt::format("memory is not locked: {}", std::strerror(errno));
}

std::vector<std::string> apply_realtime(int priority) {
    std::vector<std::string> refused;
    sched_param wanted{};
    wanted.sched_priority = priority;
    // Agents and whatever else is started from here run at normal priority.
    if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &wanted) != 0)
        refused.push_back(fmt::format("no real-time priority: {}", std::strerror(errno)));
    if (std::string problem = lock_memory(); !problem.empty()) refused.push_back(problem);
    return refused;
}

}  // namespace hb::runtime
