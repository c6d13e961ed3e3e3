// Looks through the folders for what no metadata lists.
//
// Promise: every file below public and blobs is either listed, an older version of a known role or
// listed by one that verifies, a leftover that the records know, or reported. Quarantine
// (blobs/incoming) is not looked at: it is not served. Threading: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/tuf/model/documents.h"
#include "services/delegation_manager/check/findings.h"
#include "services/delegation_manager/check/listed.h"
#include "services/delegation_manager/check/metadata_walk.h"
#include "services/delegation_manager/check/repository_check.h"

namespace rind::delegation_manager {

class UnlistedCheck {
 public:
  // What is passed in must outlive this.
  UnlistedCheck(const FileReader& files, const CheckPlan& plan, KnownLeftovers& leftovers,
                Findings& findings, const MetadataWalk& walk, Listed& listed)
      : files_(files),
        plan_(plan),
        leftovers_(leftovers),
        findings_(findings),
        walk_(walk),
        listed_(listed) {}

  // First: what older versions listed may still be there.
  void CheckMetadata();
  void CheckPages();
  void CheckBlobs();

 private:
  struct Newest {
    tuf::RoleName role;
    std::int64_t version;
  };
  std::vector<DirectoryEntry> List(const std::string& root, const std::string& folder);
  void CheckMetadataFile(const std::string& name, const std::map<std::string, Newest>& newest);
  void CheckOldVersion(const std::string& name, const tuf::RoleName& role, std::int64_t version);
  void Keep(const tuf::Targets& old);
  void CheckSignedPages();
  void CheckPage(const std::string& folder, const DirectoryEntry& entry);
  void CheckPlainPages(const std::string& folder);
  void CheckBlob(const std::string& folder, const DirectoryEntry& entry);
  void Unlisted(std::string what, std::string detail);

  const FileReader& files_;
  const CheckPlan& plan_;
  KnownLeftovers& leftovers_;
  Findings& findings_;
  const MetadataWalk& walk_;
  Listed& listed_;
};

}  // namespace rind::delegation_manager
