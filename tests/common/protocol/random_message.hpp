// Any message filled with random values, walked from its fields: a new field needs no line here.
#pragma once
#include <fcntl.h>

#include <random>

#include "common/protocol/codec.hpp"
#include "common/protocol/events.hpp"

namespace bulkhead::protocol {

class RandomValues {
  public:
    explicit RandomValues(unsigned seed) : engine_(seed) {}

    template <class T>
    T make() {
        T value{};
        fill(value);
        return value;
    }

  private:
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

    void fill(bool& value) { value = below(2) == 1; }
    template <std::integral T>
    void fill(T& value) {
        // Borders more often than chance would have them.
        const auto kind = below(4);
        value = kind == 0 ? T{0} : kind == 1 ? static_cast<T>(~T{0}) : static_cast<T>(engine_());
    }
    template <WireEnum E>
    void fill(E& value) {
        value = static_cast<E>(below(static_cast<std::uint64_t>(E::kLast) + 1));
    }
    template <class Tag, class T>
    void fill(Strong<Tag, T>& id) {
        fill(id.value);
    }
    template <std::size_t Max>
    void fill(BoundaryText<Max>& text) {
        static constexpr std::array<std::string_view, 5> kLetters{"a", "\n", "é", "漢", "🚢"};
        std::string letters;
        // The bound itself now and then.
        const auto size = below(3) == 0 ? Max : below(Max + 1);
        while (letters.size() < size) letters += kLetters[below(kLetters.size())];
        text = BoundaryText<Max>::clipped(letters);
    }
    template <std::size_t N>
    void fill(std::array<std::byte, N>& bytes) {
        for (auto& byte : bytes) byte = static_cast<std::byte>(engine_());
    }
    void fill(Handle& handle) { handle.fd = sys::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }
    template <class T>
    void fill(std::optional<T>& value) {
        if (below(2) == 1) fill(value.emplace());
    }
    template <class T, std::size_t Max>
    void fill(Bounded<T, Max>& list) {
        // Few: a list of the longest records does not fit into a frame.
        const auto count = below(std::min<std::size_t>(Max, 4) + 1);
        for (std::size_t i = 0; i < count; ++i) fill(list.items.emplace_back());
    }
    template <Record T>
    void fill(T& record) {
        std::apply([&](const auto&... field) { (fill(record.*field.member), ...); }, T::fields);
    }

    std::mt19937_64 engine_;
};

// Duplicates of what a frame borrows, as the kernel would hand them to the receiver.
inline std::vector<sys::Fd> received(const std::vector<int>& descriptors) {
    std::vector<sys::Fd> copies;
    for (const int fd : descriptors) copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    return copies;
}

// Calls visit.operator()<T>(name) for each request, reply and event.
template <class Visitor>
void each_message(Visitor&& visit) {
    const auto both = [&]<class M> {
        visit.template operator()<M>(std::string(M::spec.name));
        visit.template operator()<typename M::Reply>("reply to " + std::string(M::spec.name));
    };
    Requests::each(both);
    ReaderRequests::each(both);
    LoaderRequests::each(both);
    Events::each([&]<class M> { visit.template operator()<M>(std::string(M::spec.name)); });
}

}  // namespace bulkhead::protocol
