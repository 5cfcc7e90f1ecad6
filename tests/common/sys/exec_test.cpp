// The last steps before exec, in a child each.
#include "common/sys/exec.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/sys/fd.hpp"
#include "tests/support/forked.hpp"

namespace bulkhead::sys {
namespace {

TEST(Exec, WordsEndWithANullPointer) {
    const Argv argv({"one", "", "three"});
    EXPECT_STREQ(argv.program(), "one");
    EXPECT_STREQ(argv.get()[1], "");
    EXPECT_STREQ(argv.get()[2], "three");
    EXPECT_EQ(argv.get()[3], nullptr);
}

// Which file stands at a place, as text that the test can compare.
std::string file_at(int place) {
    struct stat info {};
    if (::fstat(place, &info) != 0) return "nothing";
    return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) +
           ((::fcntl(place, F_GETFD) & FD_CLOEXEC) != 0 ? " until exec" : "");
}

// What is wrong after each descriptor was placed, where each source stood on another's place.
std::string place_in_a_circle(int report) {
    ::close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
    std::array<int, 4> from{};
    std::array<std::string, 4> files;
    for (std::size_t i = 0; i < from.size(); ++i) {
        from[i] = static_cast<int>(i) + 1;
        const int file = ::memfd_create("file", 0);
        if (::dup2(file, from[i]) < 0) return "no files";
        files[i] = file_at(from[i]);
    }
    const std::array places{Placed{},  Placed{2},        Placed{1},
                            Placed{4}, Placed{3, false}, Placed{report}};
    if (const auto done = place_descriptors(places); !done) return done.error().what;
    struct stat null {};
    ::stat("/dev/null", &null);
    const auto devices = std::to_string(null.st_dev) + ":" + std::to_string(null.st_ino);
    const std::array wanted{devices, files[1], files[0], files[3], files[2] + " until exec"};
    for (std::size_t place = 0; place < wanted.size(); ++place) {
        const auto found = file_at(static_cast<int>(place));
        if (found != wanted[place]) return std::to_string(place) + " holds " + found;
    }
    for (int above = 6; above < 64; ++above) {
        if (file_at(above) != "nothing") return std::to_string(above) + " is open";
    }
    return "as placed";
}

TEST(Exec, DescriptorsReachTheirPlacesWhereverTheyWere) {
    auto report = make_pipe();
    ASSERT_TRUE(report);
    // Out of the way of the places.
    Fd high(::fcntl(report->write.get(), F_DUPFD_CLOEXEC, 20));
    report->write.reset();
    const auto ended = test::forked([&] {
        const auto said = place_in_a_circle(high.get());
        say_and_exit(said == "as placed" ? 5 : high.get(), said, 7);
        return "";
    });
    EXPECT_EQ(ended, "exit 7");
    high.reset();
    std::array<char, 400> said{};
    const auto got = ::read(report->read.get(), said.data(), said.size());
    EXPECT_EQ(std::string_view(said.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))),
              "as placed\n");
}

TEST(Exec, ADescriptorThatIsNotOpenIsAnError) {
    EXPECT_EQ(test::forked([]() -> std::string {
                  const auto done = place_descriptors(std::array{Placed{}, Placed{61}});
                  return done ? "placed" : done.error().what;
              }),
              "duplicate descriptor: Bad file descriptor");
}

TEST(Exec, ALineStaysOneLine) {
    const auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    say_line(pipe->write.get(), "a\n=0\t\xc3\xa9" + std::string(400, 'x'));
    std::array<char, 1000> read{};
    const auto got = ::read(pipe->read.get(), read.data(), read.size());
    const std::string_view said(read.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    EXPECT_EQ(said.size(), 301U);
    EXPECT_TRUE(said.starts_with("a?=0?\xc3\xa9xxx")) << said;
    EXPECT_EQ(said.find('\n'), said.size() - 1);
}

}  // namespace
}  // namespace bulkhead::sys
