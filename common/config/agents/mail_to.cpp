// MailTo: a mail to an admin when a group comes or goes.
#include <fmt/format.h>

#include <algorithm>

#include "common/config/agents/descriptions.hpp"
#include "common/config/lexer.hpp"

namespace hb::config {
namespace {

constexpr AgentParameter kParameters[] = {
    {.name = "email",
     .brief = "who gets the mail",
     .text = "An address, or several with commas between them.",
     .required = true},
    {.name = "subject",
     .brief = "how the subject begins",
     .text = "The beginning of the subject: what happens, when and where is added.",
     .standard = "Resource Group"},
};

// They become header lines, and words of a command.
void check(const Parameters& given, ParameterProblems& problems) {
    for (const auto& [name, value] : given)
        if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
            problems.push_back(
                {name, fmt::format("{}: '{}' has control characters", name, printable(value))});
    const auto email = given.find("email");
    if (email != given.end() && email->second.starts_with('-'))
        problems.push_back({"email", fmt::format("email: '{}' is no address of a mail",
                                                 printable(email->second))});
    const auto subject = given.find("subject");
    if (subject != given.end() && subject->second.size() > 500)
        problems.push_back({"subject", "subject: longer than 500 bytes"});
}

}  // namespace

const BuiltInAgent kMailToAgent = {
    .type = "MailTo",
    .brief = "Sends a mail when a group comes or goes",
    .text =
        "Sends a mail through sendmail, or mail where there is no sendmail, when its group is "
        "started here and when it is stopped. The mail is sent in the background: a mail "
        "server that hangs or is not there neither fails nor delays the group.",
    .parameters = kParameters,
    .positional = 2,
    .check = check,
};

}  // namespace hb::config
