#include "broker/artifacts/pins.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "common/protocol/codec.hpp"

namespace bulkhead::broker {

namespace {

using std::string;

// An id has no underscore, so no other artifact is meant; bpffs takes no name with a dot.
constexpr std::string_view kHalf = "_new";
constexpr std::uint64_t kMostRecord = approval::kMaxElf + 1_MiB;

string half(std::string_view id) { return string(id) + string(kHalf); }

// --- records

void put_block(ByteWriter& out, ByteView bytes) {
    out.integer(static_cast<std::uint32_t>(bytes.size()));
    out.put(bytes);
}

Result<ByteView> take_block(ByteReader& in) { return in.take(TRY(in.integer<std::uint32_t>())); }

string bytes_of(const PinRecord& record) {
    protocol::Encoder encoder;
    encoder.put(record);
    ByteWriter out;
    put_block(out, encoder.bytes());
    for (const auto* part : {&record.manifest, &record.signatures, &record.elf}) {
        put_block(out, as_bytes(*part));
    }
    const auto bytes = std::move(out).bytes();
    return string(as_text(bytes));
}

Result<PinRecord> parse_record(std::string_view text) {
    ByteReader in(as_bytes(text));
    std::vector<sys::Fd> none;
    protocol::Decoder decoder(TRY(take_block(in)), none);
    PinRecord record;
    TRY(decoder.get(record));
    TRY(decoder.finish());
    for (auto* part : {&record.manifest, &record.signatures, &record.elf}) {
        *part = as_text(TRY(take_block(in)));
    }
    TRY(in.finish());
    return record;
}

Result<PinRecord> read_record(const sys::Dir& records, const string& id) {
    auto record = TRY(parse_record(TRY(records.read_file(id, kMostRecord))));
    if (record.artifact_id.value.str() != id) return fail("its record is of another artifact");
    return record;
}

// --- directories

Result<> require_bpffs(const sys::Dir& dir, const string& path) {
    struct statfs info {};
    TRY(sys::check(::fstatfs(dir.fd(), &info), path));
    if (info.f_type == BPF_FS_MAGIC) return {};
    return fail(path +
                    " is no bpffs: `mount -t bpf bpf /sys/fs/bpf`, and see that the unit of "
                    "the broker sees it",
                Error::Kind::differs);
}

Result<struct stat> status_of(const sys::Dir& dir, const string& path) {
    struct stat info {};
    TRY(sys::check(::fstat(dir.fd(), &info), path));
    return info;
}

// In a directory whose writers are root, or which is sticky, nobody else can rename what is root's.
Result<sys::Dir> open_bpffs(const string& path) {
    auto dir = TRY(within(path, sys::Dir::open(path)));
    TRY(require_bpffs(dir, path));
    const auto info = TRY(status_of(dir, path));
    const bool safe = (info.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (info.st_mode & S_ISVTX) != 0;
    if (info.st_uid == 0 && safe) return dir;
    return fail(path + " is not root's alone: others may rename what is pinned in it",
                Error::Kind::differs);
}

Result<> require_roots(const sys::Dir& dir, const string& path) {
    TRY(require_bpffs(dir, path));
    const auto info = TRY(status_of(dir, path));
    if (info.st_uid == 0 && (info.st_mode & 07777) == 0700) return {};
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777);
    return fail(path + " is of uid " + std::to_string(info.st_uid) + " with mode " + mode +
                    ", and must be root's with mode 0700: look at what lies in it, and remove it",
                Error::Kind::differs);
}

// --- pins

// A path that leads to the directory that was checked, whatever its name leads to now.
string pin_path(const sys::Dir& dir, const string& name) {
    return "/proc/self/fd/" + std::to_string(dir.fd()) + "/" + name;
}

enum class Of { program, link, map };
struct Pin {
    string name;
    Of of;
    std::size_t index;  // of the program or map
};

std::vector<Pin> pins_of(const Facts& facts) {
    std::vector<Pin> pins;
    for (std::size_t i = 0; i < facts.programs.items.size(); ++i) {
        pins.push_back({"program-" + std::to_string(i), Of::program, i});
        if (facts.programs.items[i].link)
            pins.push_back({"link-" + std::to_string(i), Of::link, i});
    }
    for (std::size_t i = 0; i < facts.maps.items.size(); ++i) {
        pins.push_back({"map-" + std::to_string(i), Of::map, i});
    }
    return pins;
}

const sys::Fd& object_of(const Held& held, const Pin& pin) {
    if (pin.of == Of::map) return held.maps[pin.index];
    const auto& program = held.programs[pin.index];
    return pin.of == Of::link ? *program.link : program.program;
}

void hold(Held& held, const Pin& pin, sys::Fd object) {
    if (pin.of == Of::map) held.maps.push_back(std::move(object));
    if (pin.of == Of::program) held.programs.push_back({.program = std::move(object)});
    if (pin.of == Of::link) held.programs.back().link = std::move(object);
}

Result<> make_pins(const sys::Dir& folder, const string& id, const Facts& facts, const Held& held) {
    TRY(sys::check(::mkdirat(folder.fd(), half(id).c_str(), 0700), half(id)));
    const auto dir = TRY(folder.open_dir(half(id)));
    for (const auto& pin : pins_of(facts)) {
        TRY(bpf::pin(object_of(held, pin), pin_path(dir, pin.name)));
    }
    return sys::check(
        ::renameat2(folder.fd(), half(id).c_str(), folder.fd(), id.c_str(), RENAME_NOREPLACE), id);
}

Result<sys::Fd> get(const sys::Dir& dir, const string& name) {
    struct stat info {};
    TRY(sys::check(::fstatat(dir.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW), name));
    if (!S_ISREG(info.st_mode) || !sys::is_roots_alone(info)) {
        return fail(name + " is no pin of root's alone", Error::Kind::differs);
    }
    return within(name, bpf::get_pinned(pin_path(dir, name)));
}

Result<Held> get_all(const sys::Dir& dir, const Facts& facts) {
    const auto pins = pins_of(facts);
    for (const auto& name : TRY(dir.list())) {
        if (std::ranges::count(pins, name, &Pin::name) > 0) continue;
        return fail(quoted(name) + " lies among its pins", Error::Kind::differs);
    }
    Held held;
    for (const auto& pin : pins) hold(held, pin, TRY(get(dir, pin.name)));
    return held;
}

// Detaches what can be, since others may hold the links too, and removes all pins in `name`.
Result<> remove_pins(const sys::Dir& folder, const string& name) {
    if (const auto dir = folder.open_dir(name)) {
        for (const auto& file : dir->list().value_or(std::vector<string>{})) {
            if (!file.starts_with("link-")) continue;
            const auto link = bpf::get_pinned(pin_path(*dir, file));
            if (link) static_cast<void>(bpf::detach(*link));
        }
    }
    return folder.remove_tree(name);
}

}  // namespace

Result<Pins> Pins::open(const sys::Dir& state, string boot, string bpffs) {
    auto records = TRY(within(kRecords, state.make_dir(kRecords, 0700)));
    return Pins(std::move(records), std::move(boot), std::move(bpffs));
}

Result<std::optional<sys::Dir>> Pins::folder() const {
    const auto bpffs = TRY(open_bpffs(bpffs_));
    auto dir = bpffs.open_dir(kFolder);
    if (!dir && dir.error().code == ENOENT) return std::nullopt;
    if (!dir) return within(bpffs_, std::move(dir).error());
    TRY(require_roots(*dir, bpffs_ + "/" + string(kFolder)));
    return std::move(*dir);
}

Result<sys::Dir> Pins::make_folder() const {
    static_cast<void>(TRY(within(bpffs_, TRY(open_bpffs(bpffs_)).make_dir(kFolder, 0700))));
    auto dir = TRY(folder());
    if (dir) return std::move(*dir);
    return fail(bpffs_ + "/" + string(kFolder) + " was removed meanwhile");
}

Result<> Pins::pin(const PinRecord& record, const Held& held) const {
    const auto& id = record.artifact_id.value.str();
    if (!approval::is_job_id(id)) return fail("no id of an artifact: " + quoted(id));
    const auto words = drift(record.facts, TRY(broker::look(held, record.facts)));
    if (!words.empty()) return fail(words, Error::Kind::differs);
    const auto dir = TRY(make_folder());
    const auto names = TRY(dir.list());
    if (std::ranges::count(names, id) + std::ranges::count(names, half(id)) > 0) {
        return sys::fail_errno(bpffs_ + "/" + string(kFolder) + "/" + id, EEXIST);
    }
    if (names.size() >= protocol::kMaxArtifacts) {
        return fail(std::to_string(names.size()) + " artifacts are pinned, as many as may be");
    }
    TRY(records_.write_atomic(id, bytes_of(record), 0600));
    auto made = within(bpffs_, make_pins(dir, id, record.facts, held));
    if (!made) static_cast<void>(unpin(record.artifact_id));
    return made;
}

Result<> Pins::unpin(const protocol::JobId& artifact_id) const {
    const auto& id = artifact_id.value.str();
    // Without a record the pins are a stranger's.
    if (const auto record = records_.open_at(id, O_PATH); !record) {
        if (record.error().code == ENOENT) return {};
        return within(kRecords, record.error());
    }
    if (const auto dir = TRY(folder())) {
        const auto made_half = remove_pins(*dir, half(id));
        TRY(within(bpffs_, remove_pins(*dir, id)));
        TRY(within(bpffs_, made_half));
    }
    TRY(records_.remove_file(id));
    return records_.sync();
}

Result<Facts> Pins::look(const PinRecord& record) const {
    return broker::look(TRY(held(record)), record.facts);
}

Result<Held> Pins::held(const PinRecord& record) const {
    const auto dir = TRY(folder());
    if (!dir) return fail("its pins are gone");
    const auto pins = dir->open_dir(record.artifact_id.value.str());
    if (!pins && pins.error().code == ENOENT) return fail("its pins are gone, or were half made");
    if (!pins) return within(bpffs_, pins.error());
    return get_all(*pins, record.facts);
}

Result<Adopted> Pins::adopt(const string& id) const {
    Adopted adopted{.record = TRY(read_record(records_, id))};
    adopted.held = TRY(held(adopted.record));
    auto now = TRY(broker::look(adopted.held, adopted.record.facts));
    const auto words = drift(adopted.record.facts, now);
    if (!words.empty()) return fail(words, Error::Kind::differs);
    adopted.record.facts = std::move(now);
    return adopted;
}

NotAdopted Pins::withdraw(const string& id, string why) const {
    const auto gone = unpin(protocol::JobId{BoundaryText<64>::clipped(id)});
    if (!gone) why += "; and it stays attached, because " + gone.error().what;
    return {.name = id, .why = std::move(why), .withdrawn = gone.has_value()};
}

// Records of an earlier boot go: bpffs did not outlive it.
Result<std::vector<string>> Pins::records_of_this_boot(Found& found) const {
    std::vector<string> ids;
    for (auto& name : TRY(records_.list())) {
        const auto record = read_record(records_, name);
        if (!approval::is_job_id(name)) {
            TRY(records_.remove_file(name));
        } else if (record && record->boot.str() != boot_) {
            TRY(records_.remove_file(name));
            found.others.push_back({name, "the host was started anew, which unloads all", true});
        } else {
            ids.push_back(std::move(name));
        }
    }
    return ids;
}

Result<Found> Pins::adopt() const {
    Found found;
    const auto ids = TRY(records_of_this_boot(found));
    auto dir = folder();
    if (!dir && !ids.empty()) return within("pinned artifacts", dir.error());
    if (!dir) return found;
    const auto has_record = [&](const string& name) {
        return std::ranges::any_of(ids,
                                   [&](const auto& id) { return name == id || name == half(id); });
    };
    for (const auto& name : *dir ? TRY((*dir)->list()) : std::vector<string>{}) {
        if (has_record(name)) continue;
        const auto path = bpffs_ + "/" + string(kFolder) + "/" + quoted(name);
        found.others.push_back({name, path + " is not of this broker, which has no record of it: "
                                             "it stays as it is; remove it if nobody needs it"});
    }
    for (const auto& id : ids) {
        auto adopted = adopt(id);
        if (adopted) {
            found.adopted.push_back(std::move(*adopted));
        } else {
            found.others.push_back(withdraw(id, adopted.error().what));
        }
    }
    return found;
}

}  // namespace bulkhead::broker
