#include "tests/worker/backend/golden.hpp"

#include <array>
#include <filesystem>
#include <sstream>

#include "tests/support/files.hpp"

namespace bulkhead::worker::test {

std::string golden(const std::string& name) {
    const auto path = std::filesystem::path(BULKHEAD_GOLDEN) / name;
    EXPECT_TRUE(std::filesystem::is_regular_file(path)) << name;
    auto whole = bulkhead::test::content_of(path);
    if (whole.ends_with('\n')) whole.pop_back();
    return whole;
}

std::string written_out(const HttpRequest& request) {
    auto text = request.method + " " + request.path + "\n";
    for (const auto& header : request.headers) {
        text += header.name + ": " + header.value.reveal() + "\n";
    }
    const auto* const body = std::get_if<std::string>(&request.body);
    return text + "\n" + (body == nullptr ? "" : *body);
}

std::string judged(const Failure& failure) {
    static constexpr std::array kKinds{"retry",       "refused",   "credential_rejected",
                                       "unknown_job", "too_large", "not_yet"};
    return kKinds.at(static_cast<std::size_t>(failure.kind)) + (": " + failure.text);
}

std::vector<GoldenAnswer> golden_answers(const std::string& name) {
    std::istringstream lines(golden(name));
    std::vector<GoldenAnswer> answers;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        const auto blank = line.find(' ');
        const auto arrow = line.find(" -> ");
        if (blank == line.npos || arrow == line.npos) {
            ADD_FAILURE() << name << ": " << line;
            continue;
        }
        auto body = line.substr(blank + 1, arrow - blank - 1);
        if (body == "-") body.clear();
        answers.push_back({.answer = {.status = std::stoi(line), .body = std::move(body)},
                           .judged = line.substr(arrow + 4),
                           .line = line});
    }
    return answers;
}

}  // namespace bulkhead::worker::test
