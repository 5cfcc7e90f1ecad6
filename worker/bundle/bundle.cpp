#include "worker/bundle/bundle.hpp"

#include "common/approval/artifact.hpp"
#include "worker/backend/dialect/artifacts.hpp"
#include "worker/backend/json/json.hpp"
#include "worker/bundle/tar_reader.hpp"
#include "worker/bundle/unpack.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::string_view kElf(
    "\x7f"
    "ELF",
    4);
constexpr std::string_view kZstd("\x28\xb5\x2f\xfd", 4);
constexpr std::string_view kGzip("\x1f\x8b", 2);
constexpr std::string_view kZip("PK\x03\x04", 4);

constexpr std::string_view kObject = "program.o";
constexpr std::string_view kApproval = "approval.artifact";
constexpr std::string_view kMetadata = "metadata.json";
constexpr std::size_t kMaxMetadata = 64_KiB;
constexpr std::size_t kMaxWord = 64;

// The packer of AegisFlux writes template_name, and its agent wants name.
std::string title_in(std::string_view metadata) {
    const auto json = JsonValue::parse(metadata);
    if (!json) return "";
    const auto word = [&json](std::string_view member) -> std::string {
        const auto value = json->find(member);
        return value ? value->text(kMaxWord).value_or("") : "";
    };
    auto name = word("name");
    if (name.empty()) name = word("template_name");
    const auto version = word("version");
    return name + (name.empty() || version.empty() ? "" : " ") + version;
}

std::unexpected<BundleRefusal> unknown_form(std::string_view bytes) {
    const bool zip = bytes.starts_with(kZip);
    return refuse(kBundleUnreadable, std::string(zip ? "it is a zip archive" : "it is none") +
                                         " of .tar.zst, .tar.gz and an ELF object");
}

Unpacked<Bundle> from_archive(std::string_view bytes, Packing packing) {
    TarReader tar(
        {{kObject, approval::kMaxElf}, {kApproval, kMaxApproval}, {kMetadata, kMaxMetadata}});
    auto done = unpack(bytes, packing, [&tar](std::string_view piece) { return tar.feed(piece); });
    if (done) done = tar.finish();
    if (!done) return std::unexpected(done.error());
    auto& files = tar.files();
    const auto object = files.find(kObject);
    if (object == files.end()) {
        return refuse(kBundleIncomplete, "it has no program.o; it has " +
                                             (tar.seen().empty() ? "nothing" : tar.seen()));
    }
    if (!object->second.starts_with(kElf)) {
        return refuse(kBundleUnreadable, "program.o is no ELF object");
    }
    Bundle bundle{.elf = std::move(object->second), .approval = {}, .title = {}};
    if (const auto found = files.find(kApproval); found != files.end()) {
        if (found->second.empty()) return refuse(kBundleUnreadable, "approval.artifact is empty");
        bundle.approval = std::move(found->second);
    }
    if (const auto found = files.find(kMetadata); found != files.end()) {
        bundle.title = title_in(found->second);
    }
    return bundle;
}

}  // namespace

Unpacked<Bundle> read_bundle(std::string_view bytes) {
    if (bytes.size() > kMaxBundle) return refuse(kBundleTooLarge, "it has more than 8 MiB");
    if (bytes.starts_with(kZstd)) return from_archive(bytes, Packing::zstd);
    if (bytes.starts_with(kGzip)) return from_archive(bytes, Packing::gzip);
    if (!bytes.starts_with(kElf)) return unknown_form(bytes);
    if (bytes.size() > approval::kMaxElf) {
        return refuse(kBundleTooLarge, "the object has more than 4 MiB");
    }
    return Bundle{.elf = std::string(bytes), .approval = {}, .title = {}};
}

}  // namespace bulkhead::worker
