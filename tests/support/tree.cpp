#include "tests/support/tree.hpp"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace bulkhead::test {

namespace {

[[noreturn]] void stop(const std::string& what) {
    std::fprintf(stderr, "test support: %s\n", what.c_str());
    std::abort();
}

std::filesystem::path beneath(const std::string& root, std::string_view name) {
    auto path = std::filesystem::path(root) / name;
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    if (failed) stop("cannot create the folders of " + path.string());
    return path;
}

}  // namespace

TempDir::TempDir() {
    std::error_code failed;
    auto base = std::filesystem::temp_directory_path(failed);
    if (failed) base = "/tmp";
    path_ = (base / "bulkhead-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) stop("cannot create " + path_);
}

TempDir::~TempDir() {
    if (path_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

sys::Dir TempDir::open() const {
    auto dir = sys::Dir::open(path_);
    if (!dir) stop(dir.error().what);
    return *std::move(dir);
}

Tree::Tree(Files files) : dir_(root_.open()) {
    for (const auto& [name, content] : files) write(name, content);
}

void Tree::write(std::string_view name, std::string_view content) const {
    const auto path = beneath(root_.path(), name);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) stop("cannot write " + path.string());
}

void Tree::link(std::string_view name, std::string_view target) const {
    std::error_code failed;
    std::filesystem::create_symlink(target, beneath(root_.path(), name), failed);
    if (failed) stop("cannot link " + std::string(name));
}

void Tree::remove(std::string_view name) const {
    std::error_code ignored;
    std::filesystem::remove_all(std::filesystem::path(root_.path()) / name, ignored);
}

}  // namespace bulkhead::test
