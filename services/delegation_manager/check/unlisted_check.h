// Looks through the folders for what no metadata lists.
//
// Promise: every file below public and blobs is either listed, an older version of a known role, a
// leftover that the records know, or reported. Quarantine (blobs/incoming) is not looked at: it is
// not served.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/tuf/model/documents.h"
#include "services/delegation_manager/check/findings.h"
#include "services/delegation_manager/check/listed.h"
#include "services/delegation_manager/check/repository_check.h"

namespace rind::delegation_manager {

class UnlistedCheck {
 public:
  // What is passed in must outlive this.
  UnlistedCheck(const FileReader& files, const CheckPlan& plan, KnownLeftovers& leftovers,
                Findings& findings, const Listed& listed)
      : files_(files), plan_(plan), leftovers_(leftovers), findings_(findings), listed_(listed) {}

  void CheckMetadata(std::int64_t root_version, std::int64_t snapshot_version,
                     const tuf::Snapshot& snapshot);
  void CheckPages();
  void CheckBlobs();

 private:
  std::vector<DirectoryEntry> List(const std::string& root, const std::string& folder);
  void CheckMetadataFile(const std::string& name,
                         const std::map<std::string, std::int64_t>& versions);
  void CheckOldVersion(const std::string& name, const std::string& role, std::int64_t version);
  void CheckPage(const std::string& folder, const DirectoryEntry& entry);
  void CheckPlainPages(const std::string& folder);
  void CheckBlob(const std::string& folder, const DirectoryEntry& entry);
  void Unlisted(std::string what, std::string detail);

  const FileReader& files_;
  const CheckPlan& plan_;
  KnownLeftovers& leftovers_;
  Findings& findings_;
  const Listed& listed_;
};

}  // namespace rind::delegation_manager
