// Walks all metadata of a published repository with the client's own state machine.
//
// Promise: the root chain from the pinned version 1, timestamp, snapshot, then every role that a
// delegation reaches, each verified as a client verifies it (hash, version, signatures, expiry).
// Roles that the snapshot lists and nothing reaches any more (a revoked project, a retired bin) are
// held against their hash. Memory is bounded by the largest roles: bins are forgotten in batches.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/tuf/model/documents.h"
#include "common/tuf/model/limits.h"
#include "common/tuf/trusted_set/trusted_set.h"
#include "services/delegation_manager/check/findings.h"

namespace rind::delegation_manager {

struct MetadataWalkPlan {
  std::string folder;  // public/metadata
  std::string root;    // version 1, byte for byte
  absl::Time now;
  std::optional<tuf::RoleName> only;  // this role, and what leads to it
};

class MetadataWalk {
 public:
  // A verified targets role; `delegations` is its delegator's, null for the top-level targets.
  using Visit = std::function<void(const tuf::RoleName& role, const tuf::Targets& document,
                                   const tuf::Delegations* delegations)>;

  // `files` and `findings` must outlive the walk.
  MetadataWalk(const FileReader& files, MetadataWalkPlan plan, Findings& findings);

  // Root chain, timestamp, snapshot. False when one of them is so wrong that there is no going on.
  bool LoadTop();
  // Every targets role, in the order of a search.
  void WalkRoles(const Visit& visit);

  // After WalkRoles(): whether an older version of a role was signed by the keys that sign it now.
  bool VerifiesNow(const tuf::RoleName& role,
                   const tuf::SignedDocument<tuf::Targets>& document) const;

  std::int64_t root_version() const { return set_->root().header.version.value(); }
  const tuf::Snapshot& snapshot() const { return *set_->snapshot(); }
  std::int64_t snapshot_version() const { return snapshot().header.version.value(); }

 private:
  struct Step {
    tuf::RoleName role;
    tuf::RoleName delegator;
  };

  // The file's bytes; nothing when a difference was reported.
  std::optional<std::string> Read(const std::string& name, std::uint64_t max_bytes);
  bool LoadRoots();
  bool Wanted(const tuf::RoleName& role) const;
  void WalkOne(const Step& step, const Visit& visit, std::vector<Step>& todo);
  void CheckUnreached();
  const tuf::Delegations* DelegationsOf(const tuf::RoleName& delegator) const;

  const FileReader& files_;
  MetadataWalkPlan plan_;
  Findings& findings_;
  tuf::Limits limits_;
  std::optional<tuf::TrustedSet> set_;    // top-level roles and every role that delegates
  std::optional<tuf::TrustedSet> batch_;  // a copy of it with some leaves, dropped now and then
  int in_batch_ = 0;
  std::map<tuf::RoleName, tuf::Delegations> delegations_;  // by delegator
  std::map<tuf::RoleName, tuf::RoleName> reached_;         // role -> delegator
};

// "3.bin-07.json".
std::string MetadataFileName(const tuf::RoleName& role, tuf::Version version);

}  // namespace rind::delegation_manager
