// What every declaration must keep to, checked on the lists themselves.
#include <gtest/gtest.h>

#include <set>

#include "common/base/backend_name.hpp"
#include "tests/common/protocol/random_message.hpp"

namespace bulkhead::protocol {
namespace {

// The most bytes a value of a type can take in a payload.
template <class T>
struct Largest {
    static constexpr std::size_t bytes() {
        if constexpr (Record<T>) {
            return std::apply(
                [](const auto&... field) { return (std::size_t{0} + ... + of(field)); }, T::fields);
        } else {
            return sizeof(T);
        }
    }
    template <class Owner, class Member>
    static constexpr std::size_t of(const Field<Owner, Member>&) {
        return Largest<Member>::bytes();
    }
};
template <>
struct Largest<Handle> {
    static constexpr std::size_t bytes() { return 0; }
};
template <std::size_t Max>
struct Largest<BoundaryText<Max>> {
    static constexpr std::size_t bytes() { return 2 + Max; }
};
template <class T>
struct Largest<std::optional<T>> {
    static constexpr std::size_t bytes() { return 1 + Largest<T>::bytes(); }
};
template <class T, std::size_t Max>
struct Largest<Bounded<T, Max>> {
    static constexpr std::size_t bytes() { return 2 + Max * Largest<T>::bytes(); }
};

template <class List>
std::set<std::uint16_t> ids() {
    std::set<std::uint16_t> seen;
    List::each([&]<class M> {
        EXPECT_TRUE(seen.insert(M::spec.id).second) << M::spec.name << ": its id is taken";
    });
    return seen;
}

TEST(Messages, IdsAreUniqueAndNeverZero) {
    auto all = ids<Requests>();
    for (const auto id : ids<ReaderRequests>()) EXPECT_TRUE(all.insert(id).second) << id;
    for (const auto id : ids<LoaderRequests>()) EXPECT_TRUE(all.insert(id).second) << id;
    for (const auto id : ids<Events>()) EXPECT_TRUE(all.insert(id).second) << id;
    EXPECT_FALSE(all.contains(0));
}

TEST(Messages, NamesAreUniqueAndNotEmpty) {
    std::set<std::string_view> names;
    const auto take = [&]<class M> { EXPECT_TRUE(names.insert(M::spec.name).second); };
    Requests::each(take);
    ReaderRequests::each(take);
    LoaderRequests::each(take);
    Events::each(take);
    EXPECT_FALSE(names.contains(""));
}

TEST(Messages, WhatRootCanBeAskedStaysOnOnePage) { EXPECT_LE(Requests::kCount, 16U); }

TEST(Messages, OnlyTheGreetingMayComeFirst) {
    const auto comes_first = []<class M> {
        EXPECT_EQ(M::spec.phase == Phase::greeting, M::spec.effect == Effect::greet)
            << M::spec.name;
    };
    Requests::each(comes_first);
    ReaderRequests::each(comes_first);
    LoaderRequests::each(comes_first);
}

TEST(Messages, ConfigReaderAndLoaderMayAskForNothingElse) {
    const auto greets = []<class M> { EXPECT_EQ(M::spec.phase, Phase::greeting) << M::spec.name; };
    ReaderRequests::each(greets);
    LoaderRequests::each(greets);
}

TEST(Messages, ABackendsNameIsADirectorysToo) {
    for (const auto* good : {"a", "0", "grapheon", "our-backend-2", "a-"}) {
        EXPECT_TRUE(is_backend_name(good)) << good;
    }
    for (const auto* bad : {"", "-a", "A", "a.b", "a/b", "..", "a_b", "a b", "\xc3\xa9",
                            "a23456789012345678901234567890123"}) {
        EXPECT_FALSE(is_backend_name(bad)) << bad;
    }
}

TEST(Messages, AnHonestMessageFitsItsOwnLimit) {
    const auto fits = []<class M> {
        EXPECT_LE(Largest<M>::bytes(), M::spec.max_bytes) << M::spec.name;
        EXPECT_LE(M::spec.max_bytes, kMaxPayload) << M::spec.name;
    };
    Requests::each(fits);
    ReaderRequests::each(fits);
    LoaderRequests::each(fits);
    Events::each(fits);
}

TEST(Messages, AnHonestReplyFitsIntoAFrame) {
    const auto fits = []<class M> {
        EXPECT_LE(Largest<typename M::Reply>::bytes(), kMaxPayload) << M::spec.name;
    };
    Requests::each(fits);
    ReaderRequests::each(fits);
    LoaderRequests::each(fits);
}

TEST(Messages, AreFoundByTheirIdAndByNoOther) {
    std::string found;
    EXPECT_TRUE(Requests::visit(5, [&]<class M> { found = M::spec.name; }));
    EXPECT_EQ(found, "AckJob");
    for (const std::uint16_t id :
         {std::uint16_t{0}, Configured::spec.id, std::uint16_t{129}, std::uint16_t{0xffff}}) {
        EXPECT_FALSE(Requests::visit(id, []<class M> { FAIL() << M::spec.name; })) << id;
    }
}

}  // namespace
}  // namespace bulkhead::protocol
