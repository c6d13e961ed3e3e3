// What the manager remembers, as values: projects, their targets, published roles, claims.
//
// Promise: plain data; what a table returns passed the checks of the types that it is made of.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/target_path.h"
#include "common/tuf/model/version.h"

namespace rind::delegation_manager {

// Whose word counts for a project. A request changes nothing about that: until the officer's
// authorisation, the syncer's does.
enum class ProjectState { kUnclaimed, kRequested, kRecentlyClaimed, kClaimed };

// "unclaimed", "requested", "recently-claimed", "claimed".
std::string_view NameOf(ProjectState state);
StatusOr<ProjectState> ParseProjectState(std::string_view name);
// True when only the project's own keys may change it.
bool IsClaimed(ProjectState state);

struct StatementSignature {
  std::string key_id;
  std::string signature;  // 64 bytes
  bool operator==(const StatementSignature&) const = default;
};

// A statement that one syncer signed (docs/formats/statements.md).
struct SignedEvidence {
  std::string statement;  // canonical JSON; empty: none
  std::string key_id;
  std::string signature;
  bool operator==(const SignedEvidence&) const = default;
};

// A claim statement with its signatures: the developers', and later the officer's.
struct SignedClaim {
  std::string statement;
  std::vector<StatementSignature> signatures;
  bool operator==(const SignedClaim&) const = default;
};

struct Project {
  std::string name;  // normalised
  ProjectState state = ProjectState::kUnclaimed;
  std::int64_t serial = 0;
  Sha256Digest targets_root;  // Merkle root over the targets
  SignedEvidence evidence;    // the newest; covers every target that is recorded
  absl::Time ingested = absl::UnixEpoch();
  // The change that no release has published yet; 0: all is published.
  std::uint64_t waiting = 0;
};

// A target that is recorded. In a bin, or (no bin) in its project's own role.
struct Target {
  tuf::TargetPath path;
  std::string project;  // "" for the list of all projects
  std::uint64_t length = 0;
  Sha256Digest sha256;
  std::optional<std::int64_t> serial;  // pages: under which they changed last
  std::optional<std::uint32_t> bin;
};

// A published role. Of roles other than bins, the table keeps the whole file too.
struct RoleRecord {
  tuf::RoleName name = tuf::TopLevelRole::kTargets;
  tuf::Version version = tuf::Version::First();
  absl::Time expires;
  Sha256Digest sha256;  // of the file as published
  std::uint64_t length = 0;
};

// A bin with changes, and the change up to which a reader has seen it.
struct DirtyBin {
  std::uint32_t bin = 0;
  std::uint64_t change = 0;
};

// A file that others signed and the next release publishes: project.NAME, claimed, root, ...
struct StagedRole {
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  tuf::Version version = tuf::Version::First();
  std::string file;  // as published
  std::uint64_t change = 0;
};

// The content of an index page that no release has written yet.
struct StagedPage {
  tuf::TargetPath path;  // simple/six/index.html
  Sha256Digest sha256;
  std::string content;
  std::uint64_t change = 0;
};

// What developers asked for, and where it stands. kUnclaimed never stands here.
struct Claim {
  std::string project;
  ProjectState state = ProjectState::kRequested;
  SignedClaim claim;      // with the officer's signature once that is there
  std::string role_file;  // requested: the first project role, published on authorisation
  std::string index_html, index_json;  // requested: its pages
  absl::Time since = absl::UnixEpoch();
  std::string detail;
};

// How far a release or a creation has come: what a restart needs to go on (publish/release.h).
struct JournalEntry {
  std::string kind;  // "release", "creation"
  std::string step;
  std::string payload;
};

struct Counts {
  std::uint64_t projects = 0;
  std::uint64_t targets = 0;
  std::uint64_t files = 0;    // targets below files/, metadata files not counted
  std::uint64_t bytes = 0;    // of those files
  std::uint64_t waiting = 0;  // projects
  std::int64_t serial = 0;    // the highest
  absl::Time last_ingest = absl::UnixEpoch();
};

}  // namespace rind::delegation_manager
