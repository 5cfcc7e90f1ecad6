// The rows of a profile on their way into a job's root directory.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/policy/policy.hpp"
#include "common/view/root.hpp"

namespace bulkhead::view {

// All rows of one path together.
struct Row {
    const policy::PathRule* rule = nullptr;  // that gives most
    bool reads = false, executes = false, writes = false, removes = false, devices = false;
    bool if_present = true;

    bool changes() const { return writes || removes; }
    bool shows_mounts() const { return !changes() && !devices; }
    std::string words() const;
};

class JobRows {
  public:
    // In the job's own mount namespace, whose mounts are private. `id_map` as in JobViewPlan.
    static Result<JobRows> create(const policy::Profile& profile, int id_map);

    // A clone of what each row names, with the manners that it says; what cannot stand in the view
    // is left out, unless nothing of a profile's work would be left.
    Result<> add_all();

    // Private to the job, whatever the host has there.
    bool has_own_proc() const;
    bool is_private(std::string_view path) const;
    const Row* find(std::string_view path) const;
    // Some row's path is that one, or above it.
    bool holds(std::string_view path) const;

    Pieces pieces;
    std::vector<policy::PathRule> kept;  // of the profile's rows, those that stand
    std::vector<std::string> left_out;   // sentences

  private:
    // Of the host's, as the namespace began.
    struct HostMount {
        std::string place;
        std::string type;
    };

    JobRows(const policy::Profile& profile, int id_map) : profile_(profile), id_map_(id_map) {}
    Result<> merge_rows();
    void merge(const std::string& path, const policy::PathRule& rule, bool if_present);
    std::string type_of(std::string_view path) const;
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
    std::size_t changeable_ = 0;  // rows of the host's to write or remove in
    bool unmappable_ = false;
};

}  // namespace bulkhead::view
