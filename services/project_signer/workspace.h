// A developer's folder for one project: its keys, its claim, and the version that waits to be
// pushed.
//
//   keys/NAME.key  keys/NAME.pub    sealed under the passphrase; the public half for people
//   claim                           the claim statement that was signed last
//   next/role.json  next/index.html  next/index.json  next/uploads
//
// Promise: what was staged is read back as it was, or not at all: it is checked against its own
// list when it is read. Threading: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/evidence/statements.h"
#include "services/project_signer/developer_client.h"

namespace rind::project_signer {

// A signed version and the files that must be at the manager before it.
struct StagedVersion {
  SignedVersion version;
  std::vector<Upload> uploads;
};

class Workspace {
 public:
  // `files` must outlive it. The folder need not exist yet.
  Workspace(FileSystem& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  std::string KeyFolder() const { return JoinPath(folder_, "keys"); }

  Status SaveClaim(const evidence::ClaimStatement& claim);
  // Nothing when no claim was made from here.
  StatusOr<std::optional<evidence::ClaimStatement>> LoadClaim() const;

  Status Stage(const StagedVersion& staged);
  // NotFound when nothing waits; DataLoss when it is damaged.
  StatusOr<StagedVersion> LoadStaged() const;
  Status DropStaged();

 private:
  std::string At(std::string_view name) const { return JoinPath(folder_, name); }
  FileSystem& files_;
  std::string folder_;
};

}  // namespace rind::project_signer
