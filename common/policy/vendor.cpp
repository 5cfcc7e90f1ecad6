#include "common/policy/vendor.hpp"

#include <unistd.h>

#include <filesystem>

#include "common/approval/manifest.hpp"
#include "common/base/text.hpp"

namespace bulkhead::policy {

Result<Vendor> parse_vendor(const std::string& file, const Text& text) {
    Vendor vendor;
    TRY(parse_lines(file, text,
                    {{Form::Times::once, "policy-format NUMBER",
                      [&](Line& line) -> Result<> {
                          vendor.format = TRY(line.number(0, 1'000'000));
                          return {};
                      }},
                     {Form::Times::once, "version VERSION", [&](Line& line) -> Result<> {
                          vendor.version = TRY(line.matching(approval::is_label, "a version"));
                          return {};
                      }}}));
    return vendor;
}

Result<Shipped> parse_shipped(const std::string& file, std::string_view text) {
    Shipped shipped;
    unsigned number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        const auto parts = words(line);
        if (parts.size() != 3 || parts[0].size() != 64 || !parse_hex(parts[0])) {
            return fail(file + ":" + std::to_string(number) + ": expected SHA256 RELEASE PATH");
        }
        shipped.emplace(std::pair(std::string(parts[2]), std::string(parts[0])), parts[1]);
    }
    return shipped;
}

Result<Files> read_vendor(const std::string& directory, Trust trust) {
    auto files = TRY(within("the version's policy", read(directory, trust)));
    const auto at = files.texts.find("vendor.policy");
    if (at == files.texts.end()) {
        return fail(directory +
                    ": has no vendor.policy, so it is not what came with this program; "
                    "install the package again, or give --vendor-policy DIR");
    }
    const auto vendor = TRY(within(directory, parse_vendor(at->first, at->second)));
    if (vendor.version == BULKHEAD_VERSION) return files;
    return fail(directory + "/vendor.policy: is of version " + vendor.version +
                ", and this program is " BULKHEAD_VERSION
                "; install both from one package, then: systemctl restart bulkhead");
}

std::string vendor_directory(std::string_view installed) {
    std::error_code error;
    const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const auto built = here.parent_path() / "vendor-policy";
    if (std::filesystem::exists(built / "vendor.policy", error)) return built.string();
    return (here / installed).lexically_normal().string();
}

}  // namespace bulkhead::policy
