// `bulkhead metrics`: prints how the agent is as metrics, or writes them to a file for the textfile
// collector of Prometheus's node_exporter.
#include <array>
#include <filesystem>

#include "cli/base/command.hpp"
#include "cli/base/files.hpp"
#include "cli/base/options.hpp"
#include "cli/metrics/compose.hpp"
#include "cli/status/root_file.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/dir.hpp"

namespace bulkhead::cli {

namespace {

constexpr std::array kOptions{Option{"--run-dir", Option::Takes::once},
                              Option{"--textfile", Option::Takes::once}};

// The collector reads whatever ends in .prom at any moment, so the file is whole or the old one.
Result<> write_textfile(const std::string& file, const std::string& text) {
    const std::filesystem::path path(file);
    if (path.extension() != ".prom") return wrong("--textfile: the collector reads only *.prom");
    const auto folder = path.has_parent_path() ? path.parent_path().string() : ".";
    const auto dir = TRY(sys::Dir::open(folder));
    return within(folder, dir.write_atomic(path.filename().string(), text, 0644));
}

}  // namespace

Result<int> metrics(const Arguments& arguments) {
    const auto options = TRY(Options::parse(arguments, kOptions));
    if (!options.operands().empty()) return wrong("takes no operands");
    const auto run_dir = options.value("--run-dir", "/run/bulkhead");
    const auto root = read_root_file(run_dir);
    using State = RootFile::State;
    if (root.state == State::unread || root.state == State::unbelieved) return fail(root.why);
    std::vector<Asked> workers;
    // Workers may have no sockets, or not have begun.
    if (auto asked = ask_all(run_dir)) workers = *std::move(asked);
    const auto text = compose_metrics(root, workers, sys::now());
    const auto file = options.value("--textfile");
    TRY(file.empty() ? print(text) : write_textfile(file, text));
    return kDone;
}

}  // namespace bulkhead::cli
