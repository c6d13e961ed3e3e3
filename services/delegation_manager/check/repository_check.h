// Holds a repository's metadata against its data and its signatures (`rind check`).
//
// Promise: everything that the metadata lists is there with the right length, and the right bytes
// (pages always, blobs when `data` says so, in bounded memory); every core metadata file is where
// installers look for it; and nothing lies in public or blobs that nothing lists, but for what was
// published before and is kept for slow clients, and what waits for a release. Each difference
// names its path. It changes nothing and takes nobody's word but the pinned root's.
// Errors: NotFound when `only` is no role of this repository; whatever the observer answers.
// Threading: one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/crypto/hash.h"
#include "common/tuf/model/role_name.h"
#include "services/delegation_manager/check/findings.h"

namespace rind::delegation_manager {

// What the manager's records know beyond what is published.
class KnownLeftovers {
 public:
  virtual ~KnownLeftovers() = default;
  // A page that was published and is kept for a while, or that waits for a release: `path` is that
  // of the target ("simple/six/index.html").
  virtual StatusOr<bool> KnowsPage(std::string_view path, const Sha256Digest& content) = 0;
  // A blob that left its project and is kept, or that waits for a release.
  virtual StatusOr<bool> KnowsBlob(const Sha256Digest& content) = 0;
};

struct CheckPlan {
  std::string public_folder;
  std::string blobs_folder;
  std::string root;  // version 1, byte for byte, as clients pin it
  std::optional<tuf::RoleName> only;
  bool data = false;
  absl::Time now;
};

StatusOr<CheckSummary> CheckRepository(const FileReader& files, const CheckPlan& plan,
                                       KnownLeftovers& leftovers, CheckObserver& observer);

}  // namespace rind::delegation_manager
