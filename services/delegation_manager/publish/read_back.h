// Reads a release back from where it was written and verifies it as a client will.
//
// Promise: SECURITY.md D-06. Walks from the first root through the timestamp that is about to be
// published to every role that the release changes, with the client's own state machine, and holds
// it against what was published before: a rollback or a dropped role is found here.
// Errors: DataLoss with what the client would have said.
// Threading: pure but for reading files.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/publish/release.h"

namespace rind::delegation_manager {

struct PublishedBefore {
  tuf::Version root = tuf::Version::First();  // the newest, this release's included
  std::optional<tuf::Version> snapshot;       // none before the first release
  // The first of the delegating roles to expire. When one has, clients refuse everything until the
  // next ceremony; what is signed goes out all the same, or the ceremony's result never would.
  absl::Time first_expiry = absl::InfiniteFuture();
};

// `release.files` ends with the signed timestamp, which is not on disk yet.
Status ReadBack(const FileReader& files, const std::string& public_folder, const Release& release,
                const PublishedBefore& before, absl::Time now);

}  // namespace rind::delegation_manager
