#include "tests/worker/duties/bench.hpp"

#include <unistd.h>

namespace bulkhead::worker::test {

namespace {

std::string text_of(const OutputChunk& chunk) {
    if (const auto* text = std::get_if<std::string>(&chunk.data)) return *text;
    const auto& range = std::get<FileRange>(chunk.data);
    std::string text(range.length, '\0');
    const auto got = ::pread(range.fd, text.data(), text.size(), static_cast<off_t>(range.offset));
    EXPECT_EQ(got, static_cast<ssize_t>(text.size()));
    return text;
}

}  // namespace

Bench::Bench(sys::Dir state, SpoolLimits limits)
    : state_(std::move(state)),
      loop_(sys::Loop::create().value()),
      spool_(Spool::open(state_, limits).value()),
      refusals_(RefusalStore::open(state_).value()) {
    EXPECT_TRUE(HttpClient::prepare());
    EXPECT_TRUE(backend_.start());
    auto ends = link::Channel::pair().value();
    client_.emplace(std::move(ends.second));
    broker_ = std::thread([this, end = std::move(ends.first)]() mutable { answer(end); });
    auto& config = config_;
    config.name = "fleet";
    config.timeout = std::chrono::seconds(20);
    http_ = HttpClient::create(loop_, {.base_url = backend_.url()}).value();
    context_.emplace(DutyContext{.loop = loop_,
                                 .client = *http_,
                                 .config = config,
                                 .identity = identity_,
                                 .log = log_,
                                 .mode = RunMode::serve,
                                 .random = [] { return 0.0; },
                                 .now = {},
                                 .fatal = [this](const Error& error) { fatal = error.what; }});
    duty_.emplace(*context_, *this, jobs_config_, *client_, *spool_, refusals_, system_,
                  JobDuty::Callbacks{.settled = [] {},
                                     .finished = [](bool) {},
                                     .happened =
                                         [this](const JobEvent& event) {
                                             events.push_back(event.event + " " +
                                                              event.delivery_id + " " +
                                                              event.outcome + event.reason);
                                         },
                                     .held = [this] { ++times_held; }});
    on_output = [](const Piece& piece) -> Answer<OutputReceipt> {
        return OutputReceipt{.next_offset = piece.offset + piece.text.size()};
    };
    on_result = [](const JobResult&) -> Answer<> { return {}; };
}

Bench::~Bench() {
    duty_.reset();
    client_.reset();  // the thread sees the end
    broker_.join();
}

void Bench::answer(link::Channel& channel) {
    for (auto packet = channel.receive(); packet && *packet; packet = channel.receive()) {
        const auto header = protocol::decode_header((*packet)->bytes);
        if (!header) return;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(header->id);
        }
        auto start =
            protocol::decode<protocol::StartCatalogueJob>((*packet)->bytes, (*packet)->descriptors);
        const auto reply =
            on_start && start
                ? protocol::encode(header->id, header->serial, on_start(*start))
                : protocol::encode(header->id, header->serial,
                                   protocol::StatusReply{.status = protocol::Status::done});
        if (!reply || !channel.send(reply->bytes, reply->descriptors)) return;
    }
}

std::size_t Bench::asked(std::uint16_t request) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(requests_, request));
}

Bench::Pipes Bench::start_job(std::uint64_t output_max) {
    auto out = sys::make_pipe(1 << 20).value();
    auto err = sys::make_pipe().value();
    protocol::UnreportedJob job;
    job.number = JobNumber{1};
    job.delivery_id.value = protocol::Label::clipped("job-1");
    job.output_max = output_max;
    job.runs = 1;
    job.out.emplace(std::move(out.read));
    job.err.emplace(std::move(err.read));
    duty_->adopt(std::move(job));
    return {.out = std::move(out.write), .err = std::move(err.write)};
}

void Bench::take_over_ended_job(sys::Fd out, sys::Fd err, std::uint8_t runs) {
    protocol::UnreportedJob job;
    job.number = JobNumber{1};
    job.delivery_id.value = protocol::Label::clipped("job-1");
    job.output_max = 64_MiB;
    job.runs = runs;
    job.ended = true;
    job.end.outcome = protocol::JobOutcome::finished;
    if (out) job.out.emplace(std::move(out));
    if (err) job.err.emplace(std::move(err));
    duty_->adopt(std::move(job));
}

void Bench::end_job() {
    protocol::JobExited exited;
    exited.number = JobNumber{1};
    exited.end.outcome = protocol::JobOutcome::finished;
    EXPECT_TRUE(duty_->exited(exited));
}

bool Bench::run_until(const std::function<bool()>& done) {
    const auto end = sys::Clock::now() + std::chrono::seconds(30);
    while (!done() && sys::Clock::now() < end) {
        if (!loop_.step(std::chrono::milliseconds(20))) return false;
    }
    return done();
}

void Bench::run_for(std::chrono::milliseconds time) {
    const auto end = sys::Clock::now() + time;
    run_until([end] { return sys::Clock::now() >= end; });
}

// --- the dialect: any answer will do, for what it means is made up here

Exchange<JobNews> Bench::next_job(const Identity&, const SystemInfo&, std::chrono::seconds) const {
    auto& bench = const_cast<Bench&>(*this);
    ++bench.polls;
    return {.request = {.path = "/next"}, .judge = [&bench](const HttpAnswer&) -> Answer<JobNews> {
                if (bench.news.empty()) return std::unexpected(Failure{.text = "no news"});
                auto next = std::move(bench.news.front());
                bench.news.pop_front();
                return next;
            }};
}

Exchange<OutputReceipt> Bench::output(const Identity&, OutputChunk chunk) const {
    auto& bench = const_cast<Bench&>(*this);
    Piece piece{.offset = chunk.offset, .text = text_of(chunk), .skip_from = chunk.skip_from};
    return {.request = {.path = "/output"},
            .judge = [&bench, piece](const HttpAnswer&) -> Answer<OutputReceipt> {
                bench.pieces.push_back(piece);
                auto verdict = bench.on_output(piece);
                if (verdict) bench.held += piece.text;
                return verdict;
            }};
}

Exchange<> Bench::result(const Identity&, const JobResult& result) const {
    auto& bench = const_cast<Bench&>(*this);
    return {.request = {.path = "/result"}, .judge = [&bench, result](const HttpAnswer&) {
                ++bench.results_sent;
                auto verdict = bench.on_result(result);
                if (verdict) bench.results.push_back(result);
                return verdict;
            }};
}

}  // namespace bulkhead::worker::test
