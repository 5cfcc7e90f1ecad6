// Stamps of files: another text after a file was written or replaced.
#pragma once
#include <string>

namespace bulkhead::broker {

// Of what inode(7) says of the file that the path leads to; "" without one.
std::string stamp_of(const std::string& path);

// Of all that is beneath the directory, the first 4,096 entries; no symlink is followed.
std::string stamp_of_tree(const std::string& directory);

}  // namespace bulkhead::broker
