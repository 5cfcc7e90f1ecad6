#include "common/protocol/describe.hpp"

#include <array>

#include "common/protocol/codec.hpp"
#include "common/protocol/events.hpp"

namespace bulkhead::protocol {

namespace {

constexpr std::array<std::string_view, 2> kPhases{"greeting", "serving"};
constexpr std::array<std::string_view, 4> kEffects{"greet", "observe", "act", "account"};

template <class T>
struct TypeName {
    static std::string text() {
        if constexpr (std::is_same_v<T, bool>) {
            return "bool";
        } else if constexpr (std::is_integral_v<T>) {
            return "u" + std::to_string(8 * sizeof(T));
        } else if constexpr (WireEnum<T>) {
            return "enum 0.." + std::to_string(static_cast<int>(T::kLast));
        } else if constexpr (std::is_same_v<T, Handle>) {
            return "descriptor";
        } else {
            return "record";
        }
    }
};
template <class Tag, class T>
struct TypeName<Strong<Tag, T>> {
    static std::string text() { return TypeName<T>::text(); }
};
template <std::size_t Max>
struct TypeName<BoundaryText<Max>> {
    static std::string text() { return "text <= " + std::to_string(Max); }
};
template <std::size_t N>
struct TypeName<std::array<std::byte, N>> {
    static std::string text() { return std::to_string(N) + " bytes"; }
};
template <class T>
struct TypeName<std::optional<T>> {
    static std::string text() { return "optional " + TypeName<T>::text(); }
};
template <class T, std::size_t Max>
struct TypeName<Bounded<T, Max>> {
    static std::string text() {
        return "list of <= " + std::to_string(Max) + " " + TypeName<T>::text();
    }
};

template <class T>
struct Element {
    using Type = T;
};
template <class T, std::size_t Max>
struct Element<Bounded<T, Max>> {
    using Type = T;
};

template <Record T>
void add_fields(std::string& page, const std::string& prefix) {
    std::apply(
        [&](const auto&... field) {
            const auto add = [&]<class Owner, class Member>(const Field<Owner, Member>& one) {
                page += "| `" + prefix + std::string(one.name) + "` | " + TypeName<Member>::text() +
                        " | " + std::string(one.remark) + " |\n";
                using Inner = typename Element<Member>::Type;
                if constexpr (Record<Inner>) {
                    add_fields<Inner>(page, prefix + std::string(one.name) + ".");
                }
            };
            (add(field), ...);
        },
        T::fields);
}

template <Record T>
void add_table(std::string& page, std::string_view title) {
    page += "\n" + std::string(title) + "\n\n";
    if constexpr (std::tuple_size_v<decltype(T::fields)> == 0) {
        page += "(no fields)\n";
    } else {
        page += "| field | type | remark |\n|---|---|---|\n";
        add_fields<T>(page, "");
    }
}

}  // namespace

std::string describe() {
    std::string page =
        "# The protocol between workers and broker\n\n"
        "Printed from `common/protocol/requests.hpp`, `artifacts.hpp` and `events.hpp` by "
        "`bulkhead-broker --describe-protocol`;\n"
        "a test compares this page with the declarations.\n\n"
        "Version " +
        std::to_string(kVersion) + ". One frame is one SOCK_SEQPACKET packet: a header of " +
        std::to_string(kHeaderBytes) +
        " bytes (u16 message id, u16 zero, u32 serial,\nu32 payload length, little-endian) and a "
        "payload of at most " +
        std::to_string(kMaxPayload) +
        " bytes. Integers are little-endian; texts carry a\nu16 length, are UTF-8 and hold no NUL; "
        "lists carry a u16 count; optional fields carry a u8 presence. Descriptors take "
        "no\npayload "
        "bytes: they ride along in field order, exactly as many as the fields say. Short input, "
        "trailing bytes, unknown\nenumerators and missing or surplus descriptors are violations, "
        "as "
        "is any message in the wrong phase: the broker closes,\nkills the worker and audits it. A "
        "reply carries the id and the serial of its request; events carry serial 0.\n\n"
        "## Requests\n\n| id | request | phase | effect | payload at most | remark "
        "|\n|---|---|---|---|---|---|\n";
    const auto row = [&]<class M> {
        page += "| " + std::to_string(M::spec.id) + " | `" + std::string(M::spec.name) + "` | " +
                std::string(kPhases[static_cast<std::size_t>(M::spec.phase)]) + " | " +
                std::string(kEffects[static_cast<std::size_t>(M::spec.effect)]) + " | " +
                std::to_string(M::spec.max_bytes) + " | " + std::string(M::spec.remark) + " |\n";
    };
    const auto tables = [&]<class M> {
        page += "\n### " + std::string(M::spec.name) + "\n";
        add_table<M>(page, "Request:");
        add_table<typename M::Reply>(page, "Reply:");
    };
    Requests::each(row);
    ReaderRequests::each(row);
    LoaderRequests::each(row);
    page +=
        "\n`Configured` is the config reader's, and all that it may ask; `ArtifactLoaded`, "
        "`LoadFailed` and `KernelProbed` are a\nloader's, of which it says one. A worker may ask "
        "all of the others.\n";
    Requests::each(tables);
    ReaderRequests::each(tables);
    LoaderRequests::each(tables);
    page += "\n## Events\n\n| id | event | payload at most | remark |\n|---|---|---|---|\n";
    Events::each([&]<class M> {
        page += "| " + std::to_string(M::spec.id) + " | `" + std::string(M::spec.name) + "` | " +
                std::to_string(M::spec.max_bytes) + " | " + std::string(M::spec.remark) + " |\n";
    });
    Events::each([&]<class M> {
        page += "\n### " + std::string(M::spec.name) + "\n";
        add_table<M>(page, "Fields:");
    });
    return page;
}

}  // namespace bulkhead::protocol
