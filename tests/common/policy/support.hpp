// A copy of the shipped policy in a place that only root could have made, gone with the object.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/policy/load.hpp"
#include "tests/support/files.hpp"

namespace bulkhead::test {

class PolicyCopy {
  public:
    // Not under /tmp: there every user may write.
    PolicyCopy() : top_("/run/bulkhead-test-XXXXXX") {
        if (::mkdtemp(top_.data()) == nullptr) std::abort();
        std::filesystem::permissions(top_, std::filesystem::perms(0755));
        std::filesystem::copy(BULKHEAD_POLICY, path(), std::filesystem::copy_options::recursive);
        // A checkout may let its group write.
        for (const auto& entry : std::filesystem::recursive_directory_iterator(top_)) {
            std::filesystem::permissions(
                entry, std::filesystem::perms::group_write | std::filesystem::perms::others_write,
                std::filesystem::perm_options::remove);
        }
    }
    PolicyCopy(const PolicyCopy&) = delete;
    ~PolicyCopy() { std::filesystem::remove_all(top_); }

    const std::string& top() const { return top_; }
    std::string path(const std::string& file = "") const {
        return top_ + "/policy" + (file.empty() ? "" : "/" + file);
    }
    void write(const std::string& file, const std::string& text) const {
        std::ofstream(path(file), std::ios::binary | std::ios::trunc) << text;
        std::filesystem::permissions(path(file), std::filesystem::perms(0644));
    }
    void append(const std::string& file, const std::string& text) const {
        write(file, content_of(path(file)) + text);
    }
    Result<policy::Policy> load(policy::Trust trust = policy::Trust::root) const {
        return policy::load(path(), trust);
    }
    // What load() says when it refuses, or "".
    std::string refusal(policy::Trust trust = policy::Trust::root) const {
        const auto loaded = load(trust);
        return loaded ? "" : loaded.error().what;
    }

  private:
    std::string top_;
};

}  // namespace bulkhead::test
