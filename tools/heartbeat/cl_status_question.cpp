// The command line of cl_status.
#include <CLI/CLI.hpp>

#include "tools/heartbeat/cl_status.hpp"

namespace hb::heartbeat {

namespace {

// Each command with the letters of its options, as Heartbeat had them.
struct Command {
    const char* name;
    const char* letters;
    std::size_t words;        // so many it wants at least
    const char* few_of_them;  // what is said else: not every command says the same
};
constexpr Command kCommands[] = {
    {"hbstatus", "mv", 0, ""},
    {"listnodes", "mpnv", 0, ""},
    {"nodestatus", "m", 1, "Not enough parameters."},
    {"nodeweight", "m", 1, "Not enough parameters."},
    {"nodesite", "m", 1, "Not enough parameters."},
    {"nodetype", "m", 1, "No enough parameter."},
    {"listhblinks", "mv", 1, "No enough parameter."},
    {"hblinkstatus", "m", 2, "No enough parameter."},
    {"clientstatus", "m", 2, "No enough parameter."},
    {"rscstatus", "m", 0, ""},
    {"hbparameter", "mp", 0, ""},
    {"parameter", "mp", 0, ""},  // the manual's word for it
};

const Command* find(const std::string& word) {
    for (const Command& command : kCommands)
        if (word == command.name) return &command;
    return nullptr;
}

}  // namespace

bool is_command(const std::string& word) {
    return find(word) != nullptr;
}

const char* cl_status_help() {
    return R"(Usage: cl_status <sub-command> [<options>] [<parameters>]

Sub-commands:
clientstatus <node-name> <client-id> [<timeout>]
	Show the status of heartbeat clients.
hblinkstatus <node-name> <link-name>
	Show the status of a heartbeat link
hbstatus
	Indicate if heartbeat is running on the local system.
	Options:
		-v	verbose: also add "listnodes -v" output
listnodes [<option>]
	List the nodes in the cluster.
	Options:
		-p	list only 'ping' type nodes
		-n	list only 'normal' type nodes
		-v	verbose: also list type and status,
			then add "listhblinks -v" output
listhblinks <node-name>
	List the network interfaces used as heartbeat links.
	Options:
		-v	verbose: list link status as well
nodestatus <node-name>
	List the node status.
nodeweight <node-name>
	List the node weight.
nodesite <node-name>
	List the node site.
nodetype <node-name>
	List the nodes of a given type.
rscstatus
	Show the status of cluster resources.
hbparameter -p <parameter-name>
	Retrieve the value of a cluster parameter.
	As for the valid parameter names, please refer to the man page.

Any of them with -m answers in sentences, for people.
)";
}

Question parse_question(const std::vector<std::string>& words) {
    Question question;
    question.command = words.front();
    const Command& command = *find(question.command);
    const std::string letters = command.letters;
    CLI::App app;
    app.set_help_flag();
    app.add_option("words", question.words);
    const auto flag = [&](char letter, bool& set) {
        if (letters.find(letter) != std::string::npos)
            app.add_flag(std::string{'-', letter}, set)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    };
    flag('m', question.human);
    flag('v', question.verbose);
    flag('n', question.only_nodes);
    if (letters.find('p') != std::string::npos && command.name != std::string("listnodes"))
        app.add_option("-p", question.parameter)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    else
        flag('p', question.only_pings);
    std::vector<std::string> rest(words.rbegin(), words.rend() - 1);  // CLI11 wants the last first
    try {
        app.parse(rest);
    } catch (const CLI::ParseError& e) {
        question.wrong = e.what();
        return question;
    }
    if (question.words.size() < command.words) question.wrong = command.few_of_them;
    if (question.command == "parameter") question.command = "hbparameter";
    if (question.command == "hbparameter" && question.parameter.empty())
        question.wrong = "ERROR: parameter name required";
    return question;
}

}  // namespace hb::heartbeat
