// authkeys. The order of lines does not count. Texts never quote what could be a key: they name
// line, column and what is known by heart.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "common/base/limits.hpp"
#include "common/config/lexer.hpp"
#include "common/config/parser.hpp"
#include "common/config/suggest.hpp"
#include "common/config/values.hpp"

namespace hb::config {
namespace {

struct Method {
    std::string_view name;
    AuthMethod method;
    std::string_view warning;  // empty: none
};
constexpr std::array kMethods = {
    Method{
        "crc", AuthMethod::kCrc,
        "crc only finds damage: whoever reaches the network can forge frames; use hmac-sha256, or "
        "xchacha20-poly1305, which encrypts as well"},
    Method{"md5", AuthMethod::kMd5,
           "md5 is out of date; use hmac-sha256, or xchacha20-poly1305, which encrypts as well"},
    Method{"sha1", AuthMethod::kSha1,
           "sha1 is out of date; use hmac-sha256, or xchacha20-poly1305, which encrypts as well"},
    Method{"hmac-sha256", AuthMethod::kHmacSha256, ""},
    Method{"blake2b", AuthMethod::kBlake2b, ""},
    Method{"xchacha20-poly1305", AuthMethod::kXchacha20Poly1305, ""},
};
constexpr auto kMostId = static_cast<std::int64_t>(limits::kAuthKeys) - 1;

class AuthkeysParser {
  public:
    explicit AuthkeysParser(ParsedKeys& out) : out_(out), diagnostics_(out.diagnostics) {}
    void parse(std::string_view text, std::string_view file);

  private:
    void take_line(const std::vector<Word>& words);
    void take_auth(const std::vector<Word>& words);
    void take_key(const std::vector<Word>& words, std::uint8_t id);
    [[nodiscard]] std::optional<std::uint8_t> id_of(const Word& word);
    [[nodiscard]] const Method* method_of(const Word& word);

    ParsedKeys& out_;
    Diagnostics& diagnostics_;
    std::optional<Position> auth_at_;
    std::optional<std::uint8_t> auth_id_;
    std::array<std::optional<Position>, limits::kAuthKeys> id_at_;
};

// A comment may stand behind what is needed; Heartbeat passed over whatever stood there.
bool ends_with_only(const std::vector<Word>& words, std::size_t needed) {
    return words.size() <= needed || words[needed].text.starts_with('#');
}

void AuthkeysParser::parse(std::string_view text, std::string_view file) {
    for (const Line& line : split_lines(text, file, Comments::kWholeLine, diagnostics_))
        take_line(split_words(line, kBlanks));
    const Position whole{std::string(file), 0, 0};
    if (!auth_at_) {
        diagnostics_.error(whole, "no line 'auth N': which key signs?");
        return;
    }
    if (auth_id_ && !id_at_[*auth_id_])
        diagnostics_.error(*auth_at_, fmt::format("Auth Key [{}] not found in keyfile", *auth_id_));
}

void AuthkeysParser::take_line(const std::vector<Word>& words) {
    const char first = words[0].text[0];
    if (words[0].text == "auth") {
        take_auth(words);
    } else if ((first >= '0' && first <= '9') || first == '-') {
        if (const auto id = id_of(words[0])) take_key(words, *id);
    } else {
        constexpr std::string_view kAuth[] = {"auth"};
        const std::string suggestion = did_you_mean(words[0].text, kAuth);
        diagnostics_.error(words[0].at,
                           fmt::format("a line is 'auth N' or 'N METHOD KEY'{}", suggestion));
        if (!suggestion.empty() && !auth_at_) auth_at_ = words[0].at;  // there is one, misspelt
    }
}

std::optional<std::uint8_t> AuthkeysParser::id_of(const Word& word) {
    const auto id = parse_number(word.text, 0, kMostId);
    if (id) return static_cast<std::uint8_t>(*id);
    diagnostics_.error(word.at, fmt::format("Invalid authnum: key numbers are 0 to {}", kMostId));
    return std::nullopt;
}

void AuthkeysParser::take_auth(const std::vector<Word>& words) {
    if (auth_at_) {
        diagnostics_.error(words[0].at,
                           fmt::format("'auth' is given twice, first at {}", to_string(*auth_at_)));
        return;
    }
    auth_at_ = words[0].at;
    if (words.size() < 2) {
        diagnostics_.error(words[0].at, "'auth' needs the number of a key");
        return;
    }
    auth_at_ = words[1].at;
    auth_id_ = id_of(words[1]);
    if (!ends_with_only(words, 2))
        diagnostics_.error(words[2].at, "unexpected word: 'auth' has one number");
    if (auth_id_) out_.keys.sign_with = *auth_id_;
}

const Method* AuthkeysParser::method_of(const Word& word) {
    for (const Method& m : kMethods)
        if (m.name == word.text) return &m;
    std::vector<std::string_view> names;
    for (const Method& m : kMethods)
        names.push_back(m.name);
    diagnostics_.error(word.at,
                       fmt::format("Invalid authtype: crc, md5, sha1, hmac-sha256, blake2b "
                                   "and xchacha20-poly1305 are known{}",
                                   did_you_mean(word.text, names)));
    return nullptr;
}

void AuthkeysParser::take_key(const std::vector<Word>& words, std::uint8_t id) {
    if (id_at_[id]) {
        diagnostics_.error(words[0].at, fmt::format("key {} is given twice, first at {}", id,
                                                    to_string(*id_at_[id])));
        return;
    }
    id_at_[id] = words[0].at;
    if (words.size() < 2) {
        diagnostics_.error(words[0].at, fmt::format("key {} has no method", id));
        return;
    }
    const Method* method = method_of(words[1]);
    if (method == nullptr) return;
    const bool wants_key = method->method != AuthMethod::kCrc;
    if (!wants_key && !ends_with_only(words, 2)) {
        diagnostics_.error(words[2].at, "Auth method [crc] doesn't use a key");
        return;
    }
    if (wants_key && words.size() < 3) {
        diagnostics_.error(words[1].at,
                           fmt::format("Auth method [{}] requires a key", method->name));
        return;
    }
    if (wants_key && !ends_with_only(words, 3)) {
        diagnostics_.error(words[3].at,
                           "unexpected word behind the key: a key is one word, without blanks");
        return;
    }
    // Heartbeat took it as the key, so both ends agree only if we do, too.
    if (wants_key && words[2].text.starts_with('#'))
        diagnostics_.warning(words[2].at, "this is taken as the key, not as a comment");
    if (!method->warning.empty()) diagnostics_.warning(words[1].at, std::string(method->warning));
    out_.keys.keys[id] = {method->method, wants_key ? std::string(words[2].text) : std::string()};
}

}  // namespace

ParsedKeys parse_authkeys(std::string_view text, std::string_view file) {
    ParsedKeys result;
    AuthkeysParser(result).parse(text, file);
    return result;
}

std::string print_authkeys(const AuthKeys& keys) {
    std::string text = fmt::format("auth {}\n", keys.sign_with);
    for (const auto& [id, key] : keys.keys) {
        std::string_view name;
        for (const Method& m : kMethods)
            if (m.method == key.method) name = m.name;
        text += fmt::format("{} {}{}{}\n", id, name, key.key.empty() ? "" : " ", key.key);
    }
    return text;
}

}  // namespace hb::config
