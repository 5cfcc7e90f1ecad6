// What the broker would hand out, from a table.
#pragma once
#include <fcntl.h>

#include <map>

#include "common/policy/pattern.hpp"
#include "worker/host/scanners/scanner.hpp"

namespace bulkhead::test {

class FakeHost final : public worker::HostFiles {
  public:
    // A row of policy: a path or a pattern.
    FakeHost& row(const std::string& name, const std::string& target) {
        rows_[name].push_back(target);
        return *this;
    }
    FakeHost& file(const std::string& path, std::string content) {
        files_[path] = {path, "ok", std::move(content)};
        return *this;
    }
    FakeHost& refuse(const std::string& path, const std::string& reason) {
        files_[path] = {path, reason, ""};
        return *this;
    }
    void lose_broker() { gone_ = true; }
    // Until a test says otherwise: all of them are empty.
    worker::FileSystems systems{.disks = {{.path = "/"}}, .complete = true, .refused = {}};

    worker::ScanContext context(const worker::FindingsConfig& settings, UnixTime now = {}) {
        return {*this, settings, now, [this] { return Result<worker::FileSystems>(systems); },
                disk_};
    }

    Result<worker::HostRows> each(std::string_view name, std::string_view only,
                                  const Visit& visit) override {
        if (gone_) return fail("the broker is gone");
        const auto rows = rows_.find(std::string(name));
        if (rows == rows_.end()) return worker::HostRows{"read-unknown"};
        bool listed = only.empty();
        std::map<std::string, worker::HostFile> met;
        for (const auto& target : rows->second) {
            listed = listed || policy::matches(target, only, '*');
            if (!policy::has_wildcard(target)) met[target] = {target, "read-absent", ""};
            for (const auto& [path, file] : files_) {
                if (policy::matches(target, path)) met[path] = file;
            }
        }
        if (!listed) return worker::HostRows{"read-not-listed"};
        for (const auto& [path, file] : met) {
            if (only.empty() || policy::matches(only, path)) visit(file);
        }
        return worker::HostRows{"ok"};
    }

  private:
    std::map<std::string, std::vector<std::string>> rows_;
    std::map<std::string, worker::HostFile> files_;
    bool gone_ = false;
    sys::Fd disk_{::open("/", O_PATH | O_CLOEXEC)};
};

// "type key severity" of each.
inline std::vector<std::string> told(const std::vector<worker::Finding>& findings) {
    static constexpr std::array<const char*, 3> kNames{"info", "warn", "critical"};
    std::vector<std::string> lines;
    for (const auto& finding : findings) {
        lines.push_back(finding.type + " " + finding.key + " " +
                        kNames[static_cast<std::size_t>(finding.severity)]);
    }
    return lines;
}

}  // namespace bulkhead::test
