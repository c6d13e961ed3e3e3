// Holds the targets of verified roles against pages and blobs.
//
// Promise: a target that its role may not speak for, that a terminating delegation hides, or whose
// file is missing, of another length or of other bytes is reported, by the file's path. What is
// right is remembered in Listed.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/tuf/model/documents.h"
#include "services/delegation_manager/check/findings.h"
#include "services/delegation_manager/check/listed.h"

namespace rind::delegation_manager {

struct TargetCheckPlan {
  std::string public_folder;
  std::string blobs_folder;
  bool data = false;  // read the blobs too
};

class TargetCheck {
 public:
  // What is passed in must outlive this.
  TargetCheck(const FileReader& files, TargetCheckPlan plan, Findings& findings, Listed& listed)
      : files_(files), plan_(std::move(plan)), findings_(findings), listed_(listed) {}

  // `delegations` are those of the role's delegator; null for the top-level targets.
  void CheckRole(const tuf::RoleName& role, const tuf::Targets& document,
                 const tuf::Delegations* delegations);
  // After all roles and Listed::Seal(): <distribution>.metadata beside each distribution.
  void CheckMetadataLinks();

 private:
  void CheckTarget(const tuf::RoleName& role, const std::string& path, const tuf::TargetFile& file);
  void CheckPage(const std::string& path, const tuf::TargetFile& file, const Sha256Digest& sha256);
  void CheckBlob(const std::string& path, const tuf::TargetFile& file, const Sha256Digest& sha256);

  const FileReader& files_;
  TargetCheckPlan plan_;
  Findings& findings_;
  Listed& listed_;
  // Projects with a role of their own: what another role says of them, no client finds.
  std::set<std::string, std::less<>> claimed_;
};

// "sha256/ab/<64 hex>" below volume blobs.
std::string BlobPath(const Sha256Digest& content);

}  // namespace rind::delegation_manager
