#include "broker/jobs/kept_job.hpp"

#include "common/base/parse.hpp"
#include "common/protocol/codec.hpp"

namespace bulkhead::broker {

namespace {

constexpr std::string_view kPrefix = "resume-";
constexpr std::uint64_t kMost = 5_MiB;

std::string name_of(JobNumber number) {
    return std::string(kPrefix) + std::to_string(number.value);
}

void put_block(ByteWriter& out, ByteView bytes) {
    out.integer(static_cast<std::uint32_t>(bytes.size()));
    out.put(bytes);
}

Result<ByteView> take_block(ByteReader& in) { return in.take(TRY(in.integer<std::uint32_t>())); }

}  // namespace

std::vector<JobNumber> KeptJobs::list() const {
    std::vector<JobNumber> numbers;
    for (const auto& name : dir_.list().value_or(std::vector<std::string>{})) {
        if (!name.starts_with(kPrefix)) continue;
        const auto number =
            parse_number<std::uint64_t>(std::string_view(name).substr(kPrefix.size()));
        if (number) numbers.push_back(JobNumber{*number});
    }
    return numbers;
}

Result<> KeptJobs::keep(JobNumber number, const KeptJob& job) const {
    protocol::Encoder encoder;
    encoder.put(job);
    ByteWriter out;
    put_block(out, encoder.bytes());
    for (const auto* part : {&job.script, &job.manifest, &job.signatures}) {
        put_block(out, as_bytes(*part));
    }
    const auto bytes = std::move(out).bytes();
    return dir_.write_atomic(name_of(number), as_text(bytes), 0600);
}

Result<KeptJob> KeptJobs::read(JobNumber number) const {
    const auto text = TRY(dir_.read_file(name_of(number), kMost));
    ByteReader in(as_bytes(text));
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(TRY(take_block(in)), none);
    KeptJob job;
    TRY(decoder.get(job));
    TRY(decoder.finish());
    for (auto* part : {&job.script, &job.manifest, &job.signatures}) {
        *part = as_text(TRY(take_block(in)));
    }
    TRY(in.finish());
    return job;
}

Result<> KeptJobs::remove(JobNumber number) const {
    TRY(dir_.remove_file(name_of(number)));
    return dir_.sync();
}

}  // namespace bulkhead::broker
