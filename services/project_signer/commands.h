// The commands of rind-project: init, claim, add, push, status.
//
// Promise: each shows what it will sign before it signs it, and asks. A command that fails has sent
// nothing, or what it sent changed nothing (the manager takes all or nothing).
// Errors: FailedPrecondition, PermissionDenied and AlreadyExists are refusals; the rest is usage or
// the way to the manager.
// Threading: one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"
#include "common/pypi/project_name.h"
#include "common/sealing/sealed_file.h"
#include "services/project_signer/developer_client.h"

namespace rind::project_signer {

// What a command may use of the world.
struct Context {
  FileSystem& files;
  const Clock& clock;
  Random& random;
  // Lines for people, on standard output.
  std::function<void(std::string_view)> print;
  // A question that only yes answers.
  std::function<bool(std::string_view)> confirm;
  // `fresh`: for new keys, asked twice.
  std::function<StatusOr<SecretBytes>(bool fresh)> passphrase;
  // Connects on the first use.
  std::function<StatusOr<DeveloperClient*>()> manager;
  sealing::Cost cost = sealing::Cost::Default();
};

struct InitOptions {
  int keys = 1;
};
struct ClaimOptions {
  std::vector<std::string> key_files;  // .pub; empty: all keys of this folder
  std::optional<int> threshold;        // absent: more than half
  int role_days = 180;                 // until the project role expires
  int claim_days = 30;                 // until the officer must have answered
};
struct AddOptions {
  std::vector<std::string> paths;
  int role_days = 180;
};

inline constexpr int kMaxKeys = 16;
inline constexpr int kMaxRoleDays = 364;  // the manager takes at most 365
inline constexpr int kMaxClaimDays = 89;  // and 90

Status Init(const Context& context, const pypi::ProjectName& project, const std::string& folder,
            const InitOptions& options);
Status Claim(const Context& context, const pypi::ProjectName& project, const std::string& folder,
             const ClaimOptions& options);
Status Add(const Context& context, const pypi::ProjectName& project, const std::string& folder,
           const AddOptions& options);
Status Push(const Context& context, const pypi::ProjectName& project, const std::string& folder);
Status ShowStatus(const Context& context, const pypi::ProjectName& project,
                  const std::string& folder);

}  // namespace rind::project_signer
