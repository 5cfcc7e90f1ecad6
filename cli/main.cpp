// bulkhead: the operator's command. It has no privileges of its own: it reads and writes files,
// calls ssh-keygen(1) and asks the workers' status sockets.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "common/base/text.hpp"
#include "common/crypto/check_itself.hpp"

namespace {

using namespace bulkhead;

std::string help_of_all() {
    std::vector<cli::Usage> all;
    for (const auto& command : cli::commands()) all.push_back(cli::usage_of(command));
    return cli::help_of(all);
}

Result<int> show(const std::string& text) {
    TRY(cli::print(text));
    return cli::kDone;
}

Result<int> unknown_command(const std::string& name) {
    std::vector<std::string_view> names{"help", "version"};
    for (const auto& command : cli::commands()) names.push_back(command.name);
    return cli::wrong("no command \"" + quoted(name, 64) + "\"" + cli::did_you_mean(name, names) +
                      "; see bulkhead --help");
}

bool asks_for_help(std::string_view word) { return word == "--help" || word == "-h"; }

Result<int> run(const cli::Arguments& words) {
    const auto& name = words[0];
    if (name == "complete") return cli::complete({words.begin() + 1, words.end()});
    if (asks_for_help(name) || name == "help") {
        if (words.size() == 1) return show(help_of_all());
        const auto* row = cli::find_command(words[1]);
        if (words[1] == "help" || words[1] == "version") return show(help_of_all());
        return row == nullptr ? unknown_command(words[1]) : show(cli::help_of(cli::usage_of(*row)));
    }
    if (name == "--version" || name == "-V" || name == "version") {
        return show("bulkhead " BULKHEAD_VERSION "\n");
    }
    const auto* row = cli::find_command(name);
    if (row == nullptr) return unknown_command(name);
    if (words.size() > 1 && asks_for_help(words[1])) return show(cli::help_of(cli::usage_of(*row)));
    auto done = row->run({words.begin() + 1, words.end()});
    if (!done && done.error().what == cli::kAskedForHelp) {
        return show(cli::help_of(cli::usage_of(*row)));
    }
    return done;
}

// A closed standard stream would be the number of the next file that is opened. Instead of what was
// closed there is a file of which no byte can be written, so that what prints fails.
void fill_standard_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) ::_exit(cli::kNo);
    }
}

}  // namespace

int main(int count, char** values) {
    fill_standard_streams();
    const cli::Arguments words(values + 1, values + count);
    if (words.empty()) {
        std::fputs(help_of_all().c_str(), stderr);
        return cli::kWrong;
    }
    if (const auto sound = crypto::check_itself(); !sound) {
        std::fprintf(stderr, "bulkhead: %s\n", sound.error().what.c_str());
        return cli::kNo;
    }
    const auto done = run(words);
    if (done) {
        const bool flushed = std::fflush(stdout) == 0;
        if (flushed && std::ferror(stdout) == 0) return *done;
        std::fprintf(stderr, "bulkhead %s: standard output: %s\n", words[0].c_str(),
                     flushed ? "not all of it could be written" : std::strerror(errno));
        return cli::kNo;
    }
    const auto* row = cli::find_command(words[0]);
    std::fprintf(stderr, "bulkhead%s: %s\n",
                 row == nullptr ? "" : (" " + std::string(row->name)).c_str(),
                 done.error().what.c_str());
    return done.error().kind == Error::Kind::wrong_input ? cli::kWrong : cli::kNo;
}
