// Gives a fuzz target every file under the directories named, then each cut short and with bytes
// changed, always the same way. So any compiler keeps the targets alive, and a ninja test finds
// what is easy to find.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<char>;

constexpr std::size_t kCuts = 8;
constexpr std::size_t kChanges = 24;

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

void run(const Bytes& input) {
    // A copy of the exact size, so that a sanitizer sees a byte too far.
    const std::vector<std::uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_variants(const Bytes& input) {
    run(input);
    if (input.empty()) return;
    for (std::size_t i = 0; i < kCuts; i++)
        run({input.begin(), input.begin() + static_cast<std::ptrdiff_t>(input.size() * i / kCuts)});
    std::uint64_t state = input.size();
    for (std::size_t i = 0; i < kChanges; i++) {
        Bytes changed = input;
        for (std::uint64_t n = 1 + next(state) % 4; n > 0; n--)
            changed[next(state) % changed.size()] = static_cast<char>(next(state));
        run(changed);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::set<fs::path> files;
    for (int i = 1; i < argc; i++)
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argv[i]))
            if (entry.is_regular_file()) files.insert(entry.path());
    for (const fs::path& file : files) {
        std::ifstream in(file, std::ios::binary);
        run_variants({std::istreambuf_iterator<char>(in), {}});
    }
    run({});
    std::printf("%zu files\n", files.size());
    return files.empty() ? 1 : 0;
}
