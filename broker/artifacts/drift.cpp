#include "broker/artifacts/drift.hpp"

#include <limits>

namespace bulkhead::broker {

namespace {

using std::string;
using std::to_string;

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    const auto sum = a + b;
    return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

string hex(const bpf::Tag& tag) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    string text;
    for (const auto byte : tag) {
        text += kDigits[std::to_integer<unsigned>(byte) >> 4];
        text += kDigits[std::to_integer<unsigned>(byte) & 15];
    }
    return text;
}

// "its WHAT is NOW, and was WAS"
string changed(std::string_view what, const string& now, const string& was) {
    return "its " + string(what) + " is " + now + ", and was " + was;
}
string changed(std::string_view what, std::uint64_t now, std::uint64_t was) {
    return changed(what, to_string(now), to_string(was));
}
string changed(std::string_view what, const bpf::ObjectName& now, const bpf::ObjectName& was) {
    return changed(what, '"' + quoted(now.str()) + '"', '"' + quoted(was.str()) + '"');
}

string drift(const bpf::ProgramInfo& was, const bpf::ProgramInfo& now) {
    if (now.tag != was.tag) return changed("tag", hex(now.tag), hex(was.tag));
    if (now.id != was.id) return changed("id", now.id, was.id);
    if (now.type != was.type) return changed("type", now.type, was.type);
    if (now.name != was.name) return changed("name", now.name, was.name);
    return "";
}

string drift(const bpf::LinkInfo& was, const bpf::LinkInfo& now) {
    if (now.id != was.id) return changed("link", now.id, was.id);
    if (now.type != was.type) return changed("link's type", now.type, was.type);
    if (now.interface == 0 && was.interface != 0) {
        return "its link is detached from interface " + to_string(was.interface) +
               ", or that is gone";
    }
    if (now.cgroup == 0 && was.cgroup != 0) {
        return "its link is detached from cgroup " + to_string(was.cgroup) + ", or that is gone";
    }
    if (now.program_id != was.program_id) {
        return changed("link's program", now.program_id, was.program_id);
    }
    if (now.interface != was.interface) {
        return changed("link's interface", now.interface, was.interface);
    }
    if (now.cgroup != was.cgroup) return changed("link's cgroup", now.cgroup, was.cgroup);
    if (now.attach_type != was.attach_type) {
        return changed("link's attach type", now.attach_type, was.attach_type);
    }
    if (now.target_btf != was.target_btf) {
        return changed("link's function", now.target_btf, was.target_btf);
    }
    return "";
}

string drift(const ProgramFacts& was, const ProgramFacts& now) {
    if (now.name != was.name) return "another stands in its place: " + quoted(now.name.str());
    if (auto words = drift(was.program, now.program); !words.empty()) return words;
    if (now.link.has_value() != was.link.has_value()) {
        return was.link ? "its link is gone" : "it has a link, and had none";
    }
    return was.link ? drift(*was.link, *now.link) : "";
}

string drift(const MapFacts& was, const MapFacts& now) {
    if (now.name != was.name) return "another stands in its place: " + quoted(now.name.str());
    if (now.map.id != was.map.id) return changed("id", now.map.id, was.map.id);
    if (now.map.type != was.map.type) return changed("type", now.map.type, was.map.type);
    if (now.map.name != was.map.name) return changed("name", now.map.name, was.map.name);
    return now.map == was.map ? "" : "its sizes are others";
}

// `kind` is "program" or "map".
template <class List>
string drift(std::string_view kind, const List& was, const List& now) {
    if (now.items.size() != was.items.size()) {
        return "there are " + to_string(now.items.size()) + " " + string(kind) + "s, and were " +
               to_string(was.items.size());
    }
    for (std::size_t i = 0; i < was.items.size(); ++i) {
        const auto words = drift(was.items[i], now.items[i]);
        if (!words.empty()) {
            return string(kind) + " " + quoted(was.items[i].name.str()) + ": " + words;
        }
    }
    return "";
}

Result<ProgramFacts> look(const HeldProgram& held, const ProgramFacts& named) {
    ProgramFacts facts{.name = named.name, .filter = named.filter};
    facts.program = TRY(bpf::program_info(held.program));
    if (held.link) facts.link = TRY(bpf::link_info(*held.link));
    return facts;
}

}  // namespace

Result<Facts> look(const Held& held, const Facts& named) {
    if (held.programs.size() != named.programs.items.size() ||
        held.maps.size() != named.maps.items.size()) {
        return fail("another number of programs or maps is held than named", Error::Kind::differs);
    }
    Facts facts;
    for (std::size_t i = 0; i < held.programs.size(); ++i) {
        const auto& program = named.programs.items[i];
        facts.programs.items.push_back(
            TRY(within("program " + quoted(program.name.str()), look(held.programs[i], program))));
    }
    for (std::size_t i = 0; i < held.maps.size(); ++i) {
        const auto& map = named.maps.items[i];
        facts.maps.items.push_back(
            {.name = map.name,
             .map = TRY(within("map " + quoted(map.name.str()), bpf::map_info(held.maps[i])))});
    }
    return facts;
}

std::string drift(const Facts& loaded, const Facts& now) {
    if (auto words = drift("program", loaded.programs, now.programs); !words.empty()) return words;
    return drift("map", loaded.maps, now.maps);
}

std::uint64_t run_time_ns(const Facts& facts) {
    std::uint64_t sum = 0;
    for (const auto& of : facts.programs.items) sum = plus(sum, of.program.run_time_ns);
    return sum;
}

std::uint64_t run_count(const Facts& facts) {
    std::uint64_t sum = 0;
    for (const auto& of : facts.programs.items) sum = plus(sum, of.program.run_count);
    return sum;
}

}  // namespace bulkhead::broker
