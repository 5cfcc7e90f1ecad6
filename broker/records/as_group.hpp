// AsGroup: for a scope, files that are made belong to a group.
#pragma once
#include <linux/capability.h>
#include <sys/fsuid.h>

#include "common/sandbox/privileges.hpp"

namespace bulkhead::records {

// Root may also give its own files to `group`, without CAP_CHOWN (chown(2), setfsgid(2)).
class AsGroup {
  public:
    explicit AsGroup(gid_t group) : raised_(group == 0 ? 0 : sandbox::capability(CAP_SETGID)) {
        ::setfsgid(group);
    }
    AsGroup(const AsGroup&) = delete;
    AsGroup& operator=(const AsGroup&) = delete;
    ~AsGroup() { ::setfsgid(0); }  // is always permitted: it is our own (setfsgid(2))

  private:
    sandbox::Raised raised_;
};

}  // namespace bulkhead::records
