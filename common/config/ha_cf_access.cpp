// `apiauth` of ha.cf: who, beside root and the group haclient, may look at the control socket.
#include <fmt/format.h>

#include <algorithm>

#include "common/config/ha_cf_parser.hpp"

namespace hb::config {

namespace {

void add_names(std::string_view list, std::vector<std::string>& names) {
    for (const Word& name : split_words({list, {}}, ","))
        if (std::ranges::find(names, name.text) == names.end()) names.emplace_back(name.text);
}

}  // namespace

void HaCfParser::take_apiauth(const Statement& s) {
    const std::vector<Word> words = split_words(s.rest, kBlanks);
    ApiClient client{
        .name = std::string(words[0].text), .users = {}, .groups = {}, .position = words[0].at};
    for (const Word& word : std::span(words).subspan(1)) {
        const bool user = word.text.starts_with("uid=");
        std::vector<std::string>& names = user ? client.users : client.groups;
        const std::size_t before = names.size();
        if (user || word.text.starts_with("gid=")) add_names(word.text.substr(4), names);
        if (names.size() > before) continue;
        return broken(s, word.at,
                      fmt::format("unexpected '{}': apiauth {}", printable(word.text),
                                  s.directive->syntax));
    }
    if (client.users.empty() && client.groups.empty())
        return broken(s, words[0].at, "apiauth wants uid= or gid=");
    std::vector<ApiClient>& all = out_.settings.apiauth;
    const auto first = std::ranges::find(all, client.name, &ApiClient::name);
    if (first != all.end())
        return broken(s, words[0].at,
                      fmt::format("apiauth for '{}' is given twice, first at {}",
                                  printable(client.name), to_string(first->position)));
    all.push_back(std::move(client));
}

}  // namespace hb::config
