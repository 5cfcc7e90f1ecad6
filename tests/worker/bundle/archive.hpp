// Makes bundles, good and bad ones, byte by byte.
#pragma once
#include <string>
#include <string_view>

namespace bulkhead::worker::test {

struct Entry {
    std::string name;
    std::string data;
    char type = '0';
    std::string link = {};
    std::string prefix = {};
    std::string magic = std::string(
        "ustar\0"
        "00",
        8);
};

// Header, data and padding of one entry; the sum of the header is right.
std::string entry(const Entry& what);
// One of the kind that archivers write before an entry with a long name: a record of pax.
std::string pax(std::string_view key, std::string_view value, char type = 'x');
// With the two blocks of zeros at its end.
std::string tar(std::string_view entries);

std::string zstd(std::string_view bytes, int window_log = 0);
std::string gzip(std::string_view bytes);

// Begins like a BPF object.
std::string object(std::size_t size = 200);

}  // namespace bulkhead::worker::test
