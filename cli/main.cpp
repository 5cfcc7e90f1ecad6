// bulkhead: the operator's helper. It does nothing that an editor, ssh-keygen and a socket could not.
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "cli/command.hpp"

namespace {

using namespace bulkhead;

struct Row {
    std::string_view name;
    std::string_view arguments;
    std::string_view help;
    Result<> (*run)(const cli::Arguments&);
};
constexpr std::array kCommands{
    Row{"status", "[--json] [--socket FILE]", "what the running agent is doing", &cli::status},
    Row{"settings", "[--markdown]", "every setting of agent.yaml", &cli::settings},
};

int help(std::FILE* to) {
    std::fputs("usage: bulkhead COMMAND ...\n\n", to);
    for (const auto& row : kCommands) {
        std::fprintf(to, "  %-10s %-28s %s\n", std::string(row.name).c_str(),
                     std::string(row.arguments).c_str(), std::string(row.help).c_str());
    }
    std::fputs("\nExit status: 0 done, 1 failed, 2 wrong call.\n", to);
    return to == stdout ? 0 : 2;
}

}  // namespace

int main(int count, char** values) {
    const cli::Arguments words(values + 1, values + count);
    if (words.empty()) return help(stderr);
    if (words[0] == "--help" || words[0] == "help") return help(stdout);
    if (words[0] == "--version") return std::puts("bulkhead " BULKHEAD_VERSION) < 0 ? 1 : 0;
    for (const auto& row : kCommands) {
        if (row.name != words[0]) continue;
        const auto done = row.run({words.begin() + 1, words.end()});
        if (done) return 0;
        std::fprintf(stderr, "bulkhead %s: %s\n", words[0].c_str(), done.error().what.c_str());
        return done.error().code == EINVAL ? 2 : 1;
    }
    std::fprintf(stderr, "bulkhead: no command \"%s\"; see bulkhead --help\n", words[0].c_str());
    return 2;
}
