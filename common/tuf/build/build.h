// The documents that rind publishes, from plain values.
//
// Promise: pure: the same input makes the same document, always. Roles, order, patterns and
// terminating bits are those of ARCHITECTURE.md section 3, to the letter.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/tuf/model/documents.h"

namespace rind::tuf {

// Names of our delegated roles.
RoleName ClaimedRole();                                     // "claimed"
RoleName RecentlyClaimedRole();                             // "recently-claimed"
RoleName UnclaimedRole();                                   // "unclaimed"
RoleName ProjectRole(std::string_view normalised_project);  // "project.NAME"
// "NAME" of "project.NAME"; "" for other roles.
std::string_view ProjectOf(const RoleName& role);
inline constexpr std::string_view kBinPrefix = "bin";

// One key and threshold 1 unless said otherwise.
struct RoleSigners {
  std::vector<PublicKey> keys;
  Threshold threshold = *Threshold::Create(1);
};

struct RootPlan {
  Header header;
  RoleSigners root, targets, snapshot, timestamp;
};
Root BuildRoot(const RootPlan& plan);

// targets: no targets of its own; delegates to claimed, recently-claimed, unclaimed in this order,
// none terminating.
Targets BuildTopTargets(const Header& header, const RoleSigners& claimed,
                        const RoleSigners& recently_claimed, const RoleSigners& unclaimed);

// claimed and recently-claimed: one terminating delegation per project, sorted by name, with the
// patterns simple/NAME/* and files/NAME/*.
struct ClaimedProject {
  std::string project;  // normalised
  RoleSigners signers;
};
Targets BuildClaims(const Header& header, std::vector<ClaimedProject> projects);
// The projects that such a document delegates to; InvalidArgument when it holds anything else.
StatusOr<std::vector<ClaimedProject>> ReadClaims(const Targets& document);

// unclaimed: succinct roles; 2^bit_length bins.
Targets BuildUnclaimed(const Header& header, const RoleSigners& bins, int bit_length);

}  // namespace rind::tuf
