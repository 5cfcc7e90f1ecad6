// TempDir and Tree: temporary directories and file trees, which tests give to readers in place of
// /proc or /.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/sys/dir.hpp"

namespace bulkhead::test {

// A new, empty directory, which the destructor removes with all that it holds. If it cannot be made
// the program aborts.
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

// A TempDir with files in it, which converts to `const sys::Dir&`. If a file cannot be made the
// program aborts.
class Tree {
  public:
    using Files = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    explicit Tree(Files files);
    operator const sys::Dir&() const { return dir_; }

    sys::Dir open() const { return root_.open(); }
    const std::string& path() const { return root_.path(); }
    // Creates the directories above the file. An existing file is rewritten in place, so that a
    // descriptor of it reads the new content.
    void write(std::string_view name, std::string_view content) const;
    void link(std::string_view name, std::string_view target) const;
    void remove(std::string_view name) const;

  private:
    TempDir root_;
    sys::Dir dir_;
};

inline Tree tree(Tree::Files files) { return Tree(files); }

}  // namespace bulkhead::test
