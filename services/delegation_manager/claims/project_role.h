// What a project's developers may publish: the checks on one version of a project role.
//
// Promise: the six checks that PEP 480 asks of a transaction, and ours: threshold of the registered
// keys; every signature valid and by a registered key; not expired and at most a year ahead;
// consistent with the pages and the files; nothing outside of simple/NAME/ and files/NAME/ and no
// delegation; version + 1; a file's hash never changes, not even after it left. A refusal names the
// check, the path or the key.
// Errors: InvalidArgument for what is malformed, FailedPrecondition for what a rule refuses.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/tuf/build/build.h"
#include "common/tuf/model/documents.h"

namespace rind::delegation_manager {

// 80% of what clients accept (ARCHITECTURE.md section 9).
inline constexpr std::uint64_t kMaxProjectRoleBytes = 4'000'000;
inline constexpr std::uint64_t kMaxPageBytes = 16ULL * 1024 * 1024;
inline constexpr absl::Duration kLongestProjectRole = absl::Hours(24 * 365);

struct KnownFile {
  std::uint64_t length = 0;
  Sha256Digest sha256;
  bool operator==(const KnownFile&) const = default;
};

// What the manager has of a project when something about it arrives.
struct ProjectView {
  std::string repository;
  std::string project;                           // normalised
  std::int64_t last_version = 0;                 // of project.NAME in the snapshot; 0: never there
  std::map<std::string, KnownFile> targets;      // by path; pages too
  std::map<std::string, Sha256Digest> departed;  // files that left, by path
};

struct ProjectPages {
  std::string html;
  std::string json;
};

// A version of a project role that passed.
struct ProjectRole {
  tuf::Targets document;
  std::string file;  // as received: the bytes that are published
  std::map<std::string, KnownFile> targets;
};

// The length of the blob with this content; NotFound when there is none.
using BlobLength = std::function<StatusOr<std::uint64_t>(const Sha256Digest&)>;

// Holds `file` against all of the above. `blob_length` is asked for each file that is new.
StatusOr<ProjectRole> CheckProjectRole(std::string_view file, const ProjectPages& pages,
                                       const tuf::RoleSigners& signers, const ProjectView& view,
                                       const BlobLength& blob_length, absl::Time now);

}  // namespace rind::delegation_manager
