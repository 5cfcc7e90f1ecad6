#include "loader/bpf/rodata.hpp"

#include <bpf/btf.h>

#include <cstring>
#include <optional>
#include <span>

#include "common/base/parse.hpp"
#include "loader/bpf/object.hpp"

namespace bulkhead::loader {

namespace {

struct Place {
    std::string name;
    bpf_map* map = nullptr;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

// The constants of the section of `map`.
void add_places(const btf* types, bpf_map* map, std::vector<Place>& places) {
    const std::string section(section_of(map));
    const auto id = btf__find_by_name_kind(types, section.c_str(), BTF_KIND_DATASEC);
    if (id <= 0) return;
    const auto* const type = btf__type_by_id(types, static_cast<std::uint32_t>(id));
    for (const auto& row : std::span(btf_var_secinfos(type), btf_vlen(type))) {
        const auto* const variable = btf__type_by_id(types, row.type);
        if (variable == nullptr || !btf_is_var(variable)) continue;
        const char* const name = btf__name_by_offset(types, variable->name_off);
        if (name == nullptr || *name == '\0') continue;
        places.push_back({.name = name, .map = map, .offset = row.offset, .size = row.size});
    }
}

std::vector<Place> all_places(const btf* types, bpf_object* object) {
    std::vector<Place> places;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (section_of(map).starts_with(".rodata")) add_places(types, map, places);
    }
    return places;
}

}  // namespace

Result<> set_rodata(bpf_object* object, const protocol::RodataValue& value) {
    const auto bytes = TRY(parse_hex(value.hex.str()));
    const auto* const types = bpf_object__btf(object);
    if (types == nullptr) return fail("the object has no BTF, which names its constants");
    auto places = all_places(types, object);
    std::erase_if(places, [&](const Place& one) { return one.name != value.name.str(); });
    if (places.empty()) return fail("no constant of this name in .rodata");
    if (places.size() > 1) return fail("two constants have this name");
    const auto& place = places.front();
    if (place.size != bytes.size())
        return fail("has " + std::to_string(place.size) + " bytes, its value " +
                    std::to_string(bytes.size()));
    std::size_t size = 0;
    const auto* const now = static_cast<const char*>(bpf_map__initial_value(place.map, &size));
    if (now == nullptr || place.offset > size || size - place.offset < place.size)
        return fail("lies outside of its section");
    std::vector<char> all(now, now + size);
    std::memcpy(all.data() + place.offset, bytes.data(), bytes.size());
    const int set = bpf_map__set_initial_value(place.map, all.data(), all.size());
    if (set != 0) return fail(std::string("setting it: ") + std::strerror(-set), -set);
    return {};
}

std::vector<std::pair<std::string, std::uint32_t>> constants_of(bpf_object* object) {
    std::vector<std::pair<std::string, std::uint32_t>> all;
    const auto* const types = bpf_object__btf(object);
    if (types == nullptr) return all;
    for (const auto& place : all_places(types, object)) all.emplace_back(place.name, place.size);
    return all;
}

}  // namespace bulkhead::loader
