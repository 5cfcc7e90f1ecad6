#include "tests/build/elf.hpp"

#include <array>
#include <cstdio>
#include <regex>
#include <stdexcept>

namespace bulkhead::test {

namespace {

bool has(const std::string& text, const char* pattern) {
    return std::regex_search(text, std::regex(pattern));
}

}  // namespace

std::string output_of(const std::string& command) {
    std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string text;
    std::array<char, 65536> buffer;
    for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        text.append(buffer.data(), got);
    }
    if (::pclose(pipe) != 0) throw std::runtime_error(command + ": " + text);
    return text;
}

std::vector<std::string> faults_of(const std::string& program) {
    const auto ask = [&](const char* what) {
        return output_of("LC_ALL=C readelf --wide " + std::string(what) + " '" + program + "'");
    };
    const auto header = ask("--file-header");
    const auto segments = ask("--segments");
    const auto dynamic = ask("--dynamic");
    const auto symbols = ask("--dyn-syms");
    std::vector<std::string> faults;
    const auto require = [&](bool holds, const char* fault) {
        if (!holds) faults.emplace_back(fault);
    };
    require(has(header, "Type: +DYN") && has(dynamic, "FLAGS_1.*PIE"), "pie");
    require(has(segments, "GNU_RELRO"), "relro");
    require(has(dynamic, "BIND_NOW|FLAGS_1.*NOW"), "now");
    require(has(segments, "GNU_STACK +0x\\w+ 0x\\w+ 0x\\w+ 0x\\w+ 0x\\w+ RW +0x"), "nx");
    require(has(symbols, "UND __stack_chk_fail@"), "canary");
    require(has(symbols, "UND __(?!stack)\\w+_chk@"), "fortify");
    require(!has(dynamic, "\\((RPATH|RUNPATH)\\)"), "rpath");
    require(!has(dynamic, "TEXTREL"), "textrel");
    require(!has(segments, "LOAD .* RWE "), "write+execute");
#ifdef __x86_64__
    require(has(ask("--notes"), "x86 feature: .*IBT.*SHSTK"), "cet");
#endif
    return faults;
}

}  // namespace bulkhead::test
