// Temporary directories and small file trees: what a reader is given instead of /proc or /.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/sys/dir.hpp"

namespace bulkhead::test {

// An empty directory of its own, gone with all it holds when the object goes.
// A test that cannot have one cannot say anything: the program stops.
class TempDir {
  public:
    TempDir();
    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TempDir& operator=(TempDir&&) = delete;
    ~TempDir();

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
    sys::Dir open() const;  // a new handle each time

  private:
    std::string path_;
};

// A TempDir with files in it; stands where a `const sys::Dir&` is wanted.
class Tree {
  public:
    using Files = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    explicit Tree(Files files);
    operator const sys::Dir&() const { return dir_; }

    sys::Dir open() const { return root_.open(); }
    const std::string& path() const { return root_.path(); }
    // Creates the folders above it. An existing file is rewritten in place: a descriptor that
    // somebody keeps sees the new content.
    void write(std::string_view name, std::string_view content) const;
    void link(std::string_view name, std::string_view target) const;
    void remove(std::string_view name) const;

  private:
    TempDir root_;
    sys::Dir dir_;
};

inline Tree tree(Tree::Files files) { return Tree(files); }

}  // namespace bulkhead::test
