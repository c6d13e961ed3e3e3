// The content of a release: bins, recently-claimed, the list of all projects, what is staged.
//
// Promise: works within one transaction, so that what it gathers belongs together.
// Threading: within its transaction.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "services/delegation_manager/publish/bin_document.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

class ContentPlan {
 public:
  ContentPlan(Tables& tables, const FileReader& files, const std::string& public_folder,
              Profile profile, absl::Time now)
      : tables_(tables),
        files_(files),
        public_folder_(public_folder),
        profile_(profile),
        now_(now) {}

  // Adds to `release` what it publishes.
  Status Gather(Release& release, bool force);

 private:
  Status RenderProjectList(bool force);
  Status TakeStaged(Release& release);
  Status TakeRecentlyClaimed(Release& release);
  Status TakeBins(Release& release);
  Status TakeBin(Release& release, std::uint32_t bin, std::uint32_t bin_count);
  StatusOr<const EvidenceTree*> EvidenceOf(const std::string& project);

  Tables& tables_;
  const FileReader& files_;
  const std::string& public_folder_;
  Profile profile_;
  absl::Time now_;
  std::map<std::string, EvidenceTree> evidence_;
};

// Files that prove `role` and above from root 1 on: every root, targets, claimed (those of
// `release` where it has newer ones), and recently-claimed when asked for.
StatusOr<std::vector<RoleFile>> ChainFiles(Tables& tables, const FileReader& files,
                                           const std::string& public_folder, const Release& release,
                                           bool with_recently_claimed);

}  // namespace rind::delegation_manager
