#include "cli/migrate/ask_backend.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/base/strong.hpp"
#include "common/base/text.hpp"
#include "common/sandbox/child.hpp"
#include "common/sandbox/privileges.hpp"
#include "common/sandbox/walls.hpp"
#include "common/sys/clock.hpp"
#include "common/sys/exec.hpp"
#include "worker/backend/registry.hpp"
#include "worker/config/config.hpp"

namespace bulkhead::cli::migration {

namespace {

using worker::Answer;
using worker::Standing;
using Question = worker::Exchange<Standing>;

constexpr std::size_t kMaxText = 4_KiB;
constexpr std::string_view kMarks = "kus";  // of Standing::Kind, in its order
constexpr char kFailed = 'f';
constexpr int kAnswer = 3;  // the child's end of the pipe

// Leaves the terminal, whose input root's shell reads, and all descriptors but `answer`, which
// becomes kAnswer.
Result<> leave_terminal(const sys::Fd& answer) {
    ::setsid();
    return sys::place_descriptors(
        std::array{sys::Placed{}, sys::Placed{}, sys::Placed{}, sys::Placed{answer.get(), false}});
}

// Root becomes the user nobody.
Result<> shed_privileges() {
    constexpr uid_t kNobody = 65534;
    TRY(sandbox::forbid_core());
    TRY(::geteuid() != 0
            ? sandbox::forbid_new_privileges()
            : sandbox::assume_ids({.user = {kNobody, kNobody}, .groups = {}, .capabilities = 0}));
    return sandbox::end_with_parent();  // the kernel forgets it at a change of ids
}

Result<Standing> ask(const worker::BackendConfig& backend, const worker::Identity& identity,
                     Question question) {
    TRY(worker::HttpClient::prepare());
    auto loop = TRY(sys::Loop::create());
    auto client =
        TRY(worker::HttpClient::create(loop, worker::http_settings(backend, BULKHEAD_VERSION)));
    client.redact({identity.credential});
    for (;;) {
        std::optional<Answer<Standing>> answer;
        worker::perform<Standing>(client, std::move(question),
                                  [&answer](Answer<Standing> given) { answer = std::move(given); });
        while (!answer) TRY(loop.step(std::chrono::milliseconds(1'000)));
        if (!*answer) return fail(answer->error().text);
        if (!(*answer)->next) return **std::move(answer);
        question = (*answer)->next();
    }
}

// What the child writes: one letter, then the text.
std::string outcome_of(const Result<Standing>& standing) {
    if (!standing) return kFailed + standing.error().what;
    return kMarks[static_cast<std::size_t>(standing->kind)] + standing->text;
}

Result<Standing> parse_outcome(const std::string& text) {
    if (text.empty()) return fail("the child that asked the backend ended without an answer");
    const auto sentence = BoundaryText<kMaxText>::clipped(text.substr(1)).str();
    const auto mark = kMarks.find(text[0]);
    if (mark == kMarks.npos) return fail(sentence);
    return Standing{.kind = static_cast<Standing::Kind>(mark), .text = sentence, .next = {}};
}

// Reads until the child has closed its end; a child that is still at work when the time is over is
// ended by ~Child().
std::string read_outcome(const sys::Fd& from, std::chrono::milliseconds time) {
    const auto end = sys::Clock::now() + time;
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - sys::Clock::now()).count();
        pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) {
            return kFailed + std::string("no answer in time");
        }
        const auto got = ::read(from.get(), buffer.data(), buffer.size());
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        if (text.size() > kMaxText) return text;
    }
}

// The settings as the worker will have them, with the file that trust depends on.
Result<worker::BackendConfig> settings_of(const Plan& plan, const std::string& root) {
    auto config = TRY(worker::parse_config(
        {.file_name = "agent.yaml", .file = plan.agent_yaml, .arguments = {}, .environment = {}}));
    auto backend = std::move(config.backends.front());
    if (backend.ca_file.empty()) return backend;
    const auto authorities = TRY(read_host_file(root, backend.ca_file));
    if (!authorities) return fail(backend.ca_file + ": is not there");
    backend.ca_pem = authorities->reveal();
    return backend;
}

}  // namespace

Result<Standing> ask_backend(const Plan& plan, const std::string& root) {
    const auto backend = TRY(settings_of(plan, root));
    const auto dialect = worker::find_dialect(backend.dialect)->make(backend.options);
    auto question =
        dialect->ask_standing({.identity = plan.identity, .key = plan.key, .now = sys::now()});
    if (!question) {
        const bool nobody = plan.identity.credential.empty() && plan.key.empty();
        return fail(nobody ? "nothing was found by which the backend could know this host"
                           : "a " + backend.dialect +
                                 " backend has no request that tells who a host is and changes "
                                 "nothing");
    }
    auto pipe = TRY(sys::make_pipe());
    auto child = TRY(sandbox::Child::start(0, -1, [&] {
        if (!leave_terminal(pipe.write)) ::_exit(1);
        auto standing = Result<Standing>(std::unexpected(Error{}));
        if (const auto shed = shed_privileges(); !shed) {
            standing = std::unexpected(shed.error());
        } else {
            standing = ask(backend, plan.identity, *std::move(question));
        }
        const sys::Fd answer(kAnswer);
        static_cast<void>(sys::write_all(answer, as_bytes(outcome_of(standing))));
        ::_exit(0);
    }));
    pipe.write.reset();
    return parse_outcome(read_outcome(pipe.read, backend.timeout + backend.connect_timeout));
}

}  // namespace bulkhead::cli::migration
