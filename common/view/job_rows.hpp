// JobRows: turns the path rows of a profile into mounts for a job's root directory.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/view/root.hpp"

namespace bulkhead::view {

// All rows of a profile that have the same path, merged.
struct Row {
    const policy::PathRule* rule = nullptr;  // the one with the highest access
    bool reads = false, executes = false, writes = false, removes = false, devices = false;
    bool if_present = true;

    bool changes() const { return writes || removes; }
    // True if mounts beneath the path are shown in the job's view.
    bool shows_mounts() const { return !changes() && !devices; }
    std::string words() const;  // as in a profile: "write /var/log"
};

// True if such a job gets a /proc of its own instead of the host's.
bool gets_own_proc(const policy::Profile& profile);

class JobRows {
  public:
    // Call it in the job's mount namespace, after make_private(). `id_map` is JobViewPlan's.
    static Result<JobRows> create(const policy::Profile& profile, int id_map);

    // Adds to `pieces` a clone of each row's tree with the mount attributes that the row asks for.
    // A row whose tree cannot be mounted is left out. An error if that leaves no row to write or
    // remove in.
    Result<> add_all();

    bool has_own_proc() const { return gets_own_proc(profile_); }
    // True if the job gets a directory of its own at `path`.
    bool is_private(std::string_view path) const;
    const Row* find(std::string_view path) const;
    // True if `path` is a row's path or lies beneath one.
    bool holds(std::string_view path) const;

    Pieces pieces;
    std::vector<policy::PathRule> kept;  // the profile's rows that are in the view
    std::vector<std::string> left_out;   // a sentence for each that is not
    bool steady = true;                  // false: a file system was asked that may stop answering
    std::vector<Looked> looked;          // what stood at the rows' paths and on the way to them

  private:
    // A mount of the host, when the job's mount namespace began.
    struct HostMount {
        std::string place;
        std::string type;
    };

    JobRows(const policy::Profile& profile, int id_map) : profile_(profile), id_map_(id_map) {}
    Result<> merge_rows();
    void merge(const std::string& path, const policy::PathRule& rule, bool if_present);
    std::string type_of(std::string_view path) const;
    bool answers_or_cannot_block(const std::string& path, std::string_view type);
    void leave_out(const std::string& what, const std::string& why);
    void keep(const Row& row);
    Result<> add_row(const std::string& path, const Row& row);
    Result<> add_tree(const std::string& path, bool directory, const Row& row, bool& stands);
    Result<> add_mounts(const std::string& path, const Row& row);
    Result<> cover_mounts(const std::string& path);
    bool is_shown(const std::string& path, const Row& row) const;
    bool is_closed_to_mounts(std::string_view place) const;
    Result<> require_rows() const;

    const policy::Profile& profile_;
    int id_map_;
    std::map<std::string, Row, std::less<>> rows_;
    std::vector<HostMount> mounts_;
    std::size_t submounts_ = 0;
    std::size_t covers_ = 0;
    std::size_t changeable_ = 0;  // rows to write or remove in that show a tree of the host
    bool unmappable_ = false;
};

}  // namespace bulkhead::view
