#include "broker/records/slots.hpp"

#include <algorithm>
#include <cerrno>

#include "common/base/backend_name.hpp"
#include "common/base/parse.hpp"
#include "common/base/strong.hpp"
#include "common/base/text.hpp"

namespace bulkhead::records {

namespace {

constexpr std::string_view kAdvice =
    "; it holds a line for each directory of workers/: the number at the end of its owner's name, "
    "a blank, and the name of the directory";

// "N NAME\n", each number and each name once.
Result<std::vector<Slot>> parse_slots(std::string_view text) {
    std::vector<Slot> slots;
    const auto lines = split(text, '\n');
    if (!lines.back().empty()) return fail("the last line is not whole");
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        const auto wrong = [&](const std::string& what) {
            return fail("line " + std::to_string(i + 1) + ": " + what);
        };
        const auto words = split(lines[i], ' ');
        const auto number = parse_number<unsigned>(words[0]);
        if (words.size() != 2 || !number || std::to_string(*number) != words[0] ||
            *number >= kMaxSlots || !is_backend_name(words[1])) {
            return wrong("expected a number below " + std::to_string(kMaxSlots) +
                         " and a backend's name");
        }
        if (std::ranges::count(slots, *number, &Slot::number) > 0) return wrong("a number again");
        if (std::ranges::count(slots, words[1], &Slot::backend) > 0) return wrong("a name again");
        slots.push_back({std::string(words[1]), *number});
    }
    return slots;
}

Result<> write_slots(const sys::Dir& broker, std::span<const Slot> slots) {
    std::string text;
    for (const auto& slot : slots) text += std::to_string(slot.number) + " " + slot.backend + "\n";
    return broker.write_atomic(kSlotsFile, text, 0600);
}

std::string names_of(std::span<const Slot> slots) {
    std::string text;
    for (const auto& slot : slots) text += (text.empty() ? "" : ", ") + slot.backend;
    return text;
}

}  // namespace

Result<std::vector<Slot>> read_slots(const sys::Dir& broker) {
    const auto text = broker.read_file(kSlotsFile, 4_KiB);
    if (!text && text.error().code == ENOENT) return {};
    auto slots = parse_slots(TRY(text));
    if (!slots) return fail("broker/slots: " + slots.error().what + std::string(kAdvice));
    return slots;
}

Result<std::vector<Slot>> take_slots(const sys::Dir& broker, const sys::Dir& workers,
                                     std::span<const std::string> backends) {
    auto slots = TRY(read_slots(broker));
    const auto before = slots;
    const auto directories = TRY(workers.list());
    for (const auto& name : directories) {
        if (std::ranges::count(slots, name, &Slot::backend) > 0) continue;
        return fail("workers/" + name + " has no line in broker/slots: remove the directory, or " +
                    "write the line" + std::string(kAdvice));
    }
    std::erase_if(slots, [&](const Slot& slot) {
        return std::ranges::count(backends, slot.backend) == 0 &&
               std::ranges::count(directories, slot.backend) == 0;
    });

    std::vector<Slot> taken;
    for (const auto& name : backends) {
        if (!is_backend_name(name)) return fail("not a backend's name: " + quoted(name));
        if (std::ranges::count(taken, name, &Slot::backend) > 0)
            return fail(name + " stands twice");
        auto slot = std::ranges::find(slots, name, &Slot::backend);
        if (slot == slots.end()) {
            unsigned number = 0;
            while (std::ranges::count(slots, number, &Slot::number) > 0) ++number;
            if (number == kMaxSlots) {
                return fail("backend " + name + ": all " + std::to_string(kMaxSlots) +
                            " slots are taken, by " + names_of(slots) +
                            "; the slot of a backend that is configured no more is free when "
                            "workers/NAME of the state directory is removed");
            }
            slots.push_back({name, number});
            slot = slots.end() - 1;
        }
        taken.push_back(*slot);
    }
    if (slots != before) TRY(within("broker/slots", write_slots(broker, slots)));
    return taken;
}

Result<sandbox::User> slot_user(std::string_view base, unsigned number) {
    const auto colon = base.find(':');
    const auto name = std::string(base) + (colon == base.npos ? std::to_string(number) : "");
    auto user = TRY(within("account of worker slot " + std::to_string(number) +
                               ", made by: systemd-sysusers bulkhead.conf",
                           sandbox::find_user(name)));
    if (colon != base.npos) {
        user.uid += number;
        user.gid += number;
    }
    if (user.uid == 0 || user.gid == 0) return fail("a worker must not run as root: " + name);
    return user;
}

}  // namespace bulkhead::records
