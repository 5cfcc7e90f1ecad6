#include "cli/systemd/specifiers.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>

#include "cli/systemd/environment_file.hpp"
#include "common/base/parse.hpp"

namespace bulkhead::cli::systemd {

namespace {

struct Fixed {
    char letter;
    std::string_view value;
};
// What the system manager has for these, whoever User= names.
constexpr std::array<Fixed, 12> kFixed{{{'t', "/run"},
                                        {'S', "/var/lib"},
                                        {'C', "/var/cache"},
                                        {'L', "/var/log"},
                                        {'E', "/etc"},
                                        {'T', "/tmp"},
                                        {'V', "/var/tmp"},
                                        {'h', "/root"},
                                        {'u', "root"},
                                        {'U', "0"},
                                        {'g', "root"},
                                        {'G', "0"}}};

struct Unknown {
    char letter;
    std::string_view what;
};
constexpr std::array<Unknown, 8> kUnknown{
    {{'b', "the ID of one boot"},
     {'v', "the kernel's release, which the next boot may change"},
     {'a', "the architecture"},
     {'s', "the shell of root"},
     {'d',
      "the directory of credentials, which systemd makes "
      "for the old unit alone"},
     {'c', "a control group"},
     {'r', "a control group"},
     {'R', "a control group"}}};

// As systemd-escape --unescape: "-" is "/", and \x2d is "-".
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && text.substr(i).size() >= 4 && text[i + 1] == 'x') {
            const auto byte = parse_hex(text.substr(i + 2, 2));
            if (byte) {
                plain += static_cast<char>((*byte)[0]);
                i += 3;
                continue;
            }
        }
        plain += text[i] == '-' ? '/' : text[i];
    }
    return plain;
}

bool is_plain_name(std::string_view name) {
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
    };
    const auto is_end = [](char c) { return c == '-' || c == '.'; };
    return name.size() <= 64 && std::ranges::all_of(name, fits) && !is_end(name.front()) &&
           !is_end(name.back()) && name.find("..") == name.npos;
}

std::string last_part(const std::string& prefix) { return prefix.substr(prefix.rfind('-') + 1); }

}  // namespace

Result<std::string> Specifiers::expand(std::string_view text) const {
    std::string whole;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 1 == text.size()) {
            whole += text[i];
        } else if (text[++i] == '%') {
            whole += '%';
        } else if (const auto known = TRY(value(text[i]))) {
            whole += *known;
        } else if (std::isalnum(static_cast<unsigned char>(text[i])) != 0) {
            return fail(std::string("%") + text[i] + " is no specifier of systemd 252",
                        Error::Kind::wrong_input);
        } else {
            whole += '%';
            whole += text[i];
        }
    }
    return whole;
}

bool is_invalid(const Error& error) { return error.kind == Error::Kind::wrong_input; }

Result<std::optional<std::string>> Specifiers::value(char letter) const {
    const auto fixed = std::ranges::find(kFixed, letter, &Fixed::letter);
    if (fixed != kFixed.end()) return std::string(fixed->value);
    const auto unknown = std::ranges::find(kUnknown, letter, &Unknown::letter);
    if (unknown != kUnknown.end()) {
        return fail(std::string("%") + letter + " (" + std::string(unknown->what) +
                    ") is in no file; write what is meant in its place");
    }
    switch (letter) {
        case 'H':
            return TRY(host_name());
        case 'l': {
            const auto name = TRY(host_name());
            return name.substr(0, name.find('.'));
        }
        case 'q':
            return TRY(pretty_host_name());
        case 'm':
            return TRY(machine_id());
        case 'o':
            return TRY(release("ID"));
        case 'w':
            return TRY(release("VERSION_ID"));
        case 'W':
            return TRY(release("VARIANT_ID"));
        case 'A':
            return TRY(release("IMAGE_VERSION"));
        case 'B':
            return TRY(release("BUILD_ID"));
        case 'M':
            return TRY(release("IMAGE_ID"));
        default:
            return unit_value(letter);
    }
}

Result<std::optional<std::string>> Specifiers::unit_value(char letter) const {
    if (unit_ == nullptr) return std::nullopt;
    const auto& name = unit_->name;
    if (std::string_view("nNpPjJf").find(letter) != std::string_view::npos &&
        unit_->names.size() > 1) {
        std::string all;
        for (const auto& one : unit_->names) all += (all.empty() ? "" : ", ") + one;
        return fail(std::string("%") + letter + " depends on which of its names (" + all +
                    ") the unit was started by; write what is meant in its place");
    }
    switch (letter) {
        case 'n':
            return name.full;
        case 'N':
            return name.full.substr(0, name.full.rfind('.'));
        case 'p':
            return name.prefix;
        case 'P':
            return unescaped(name.prefix);
        case 'i':
            return name.instance;
        case 'I':
            return unescaped(name.instance);
        case 'j':
            return last_part(name.prefix);
        case 'J':
            return unescaped(last_part(name.prefix));
        case 'f':
            return "/" + unescaped(name.is_instance() ? name.instance : name.prefix);
        case 'y':
            return unit_->fragment;
        case 'Y':
            return unit_->fragment.substr(0, unit_->fragment.rfind('/'));
        default:
            return std::nullopt;
    }
}

// The running host may have been named by DHCP or in cloud-init, so there the kernel's name counts.
Result<std::string> Specifiers::host_name() const {
    if (tree_.is_here()) {
        std::array<char, 65> name{};
        if (::gethostname(name.data(), name.size() - 1) == 0) return std::string(name.data());
    }
    const auto text = TRY(tree_.read("/etc/hostname"));
    const std::string lines = text.value_or("");
    for (const auto line : split(lines, '\n')) {
        const auto name = stripped(line);
        if (name.empty() || name[0] == '#') continue;
        // systemd drops other characters, and dots and hyphens in some places.
        if (is_plain_name(name)) return std::string(name);
        return fail(
            "the host's name (%H, %l, %q) is not known, as /etc/hostname holds none of "
            "letters, digits, \"-\" and \".\"; mend it");
    }
    return fail("the host's name (%H, %l, %q) is not known, as " + tree_.root() +
                "/etc/hostname has none; write it there");
}

Result<std::string> Specifiers::pretty_host_name() const {
    const auto text = TRY(tree_.read("/etc/machine-info"));
    const auto pairs = TRY(parse_pairs(text.value_or(""), "/etc/machine-info"));
    for (const auto& one : pairs.variables | std::views::reverse) {
        if (one.name == "PRETTY_HOSTNAME" && !one.text.empty()) return one.text;
    }
    const auto name = TRY(host_name());
    return name.substr(0, name.find('.'));
}

Result<std::string> Specifiers::machine_id() const {
    const auto text = TRY(tree_.read("/etc/machine-id"));
    const std::string id(stripped(text.value_or("")));
    const bool zeros = id.find_first_not_of('0') == id.npos;
    if (id.size() == 32 && parse_hex(id) && !zeros) return id;
    return fail("%m is not known, as " + (tree_.is_here() ? "" : tree_.root()) +
                "/etc/machine-id has no ID (machine-id(5)); write the host's there");
}

Result<std::string> Specifiers::release(std::string_view name) const {
    for (const auto* const path : {"/etc/os-release", "/usr/lib/os-release"}) {
        const auto text = TRY(tree_.read(path));
        if (!text) continue;
        const auto pairs = TRY(parse_pairs(*text, path));
        for (const auto& one : pairs.variables | std::views::reverse) {
            if (one.name == name) return one.text;
        }
        return "";
    }
    return fail(
        "%o, %w, %W, %A, %B and %M are not known without /etc/os-release; write what is "
        "meant in their place");
}

}  // namespace bulkhead::cli::systemd
