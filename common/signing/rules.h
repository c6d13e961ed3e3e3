// The rules of single kinds of documents; policy.h puts them together.
//
// Promise: as policy.h. `who` is "bin-3 v7", for messages.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/evidence/statements.h"
#include "common/signing/memory.h"
#include "common/signing/policy.h"
#include "common/signing/proposal.h"
#include "common/signing/trust_chain.h"
#include "common/tuf/build/build.h"
#include "common/tuf/model/documents.h"

namespace rind::signing {

// S-05 and S-06. Returns the tombstones of what left.
StatusOr<std::vector<Tombstone>> JudgeBin(std::string_view who, const Proposal& proposal,
                                          const tuf::Targets& proposed,
                                          const tuf::Targets* previous, const Memory& memory,
                                          const Policy& policy, absl::Time now);

// What changed between two lists of claimed projects.
struct ClaimChanges {
  std::vector<tuf::ClaimedProject> added_or_rekeyed;
  std::vector<tuf::ClaimedProject> removed;
};
// The projects of a document that is exactly what BuildClaims() makes; S-08 otherwise.
StatusOr<std::vector<tuf::ClaimedProject>> ClaimsOf(std::string_view who,
                                                    const tuf::Targets& document);
ClaimChanges Compare(const std::vector<tuf::ClaimedProject>& before,
                     const std::vector<tuf::ClaimedProject>& after);
bool SameSigners(const tuf::RoleSigners& a, const tuf::RoleSigners& b);
// S-08: each of `projects` has an authorisation that verifies now and names the same keys.
Status CheckAuthorised(std::string_view who, const std::vector<tuf::ClaimedProject>& projects,
                       const std::vector<SuppliedAuthorisation>& authorisations,
                       const Policy& policy, absl::Time now);

// S-08 for recently-claimed and its shards. `intent` takes what was shown of offline roles.
Status JudgeRecentlyClaimed(std::string_view who, const Proposal& proposal,
                            const tuf::Targets& proposed, const tuf::Targets* previous,
                            const Memory& memory, const Policy& policy, absl::Time now,
                            Intent& intent);

// S-07 for the snapshot. `intent` takes a root that moved.
Status JudgeSnapshot(std::string_view who, const Proposal& proposal, const tuf::Snapshot& proposed,
                     const tuf::Snapshot* previous, const Memory& memory, const Policy& policy,
                     Intent& intent);
// S-07 for the timestamp.
Status JudgeTimestamp(std::string_view who, const tuf::Timestamp& proposed, const Memory& memory);

// The offline signer's: S-08 and S-09.
Status JudgeRoot(std::string_view who, const tuf::Root& proposed, const Policy& policy);
Status JudgeTopTargets(std::string_view who, const tuf::Targets& proposed, const Policy& policy);
Status JudgeClaimed(std::string_view who, const Proposal& proposal, const tuf::Targets& proposed,
                    const tuf::Targets* previous, const Policy& policy, absl::Time now);
Status JudgeUnclaimed(std::string_view who, const tuf::Targets& proposed, const Policy& policy);

// The keys and threshold that a document names for a role; keys that can't verify are refused.
StatusOr<tuf::RoleSigners> SignersOf(std::string_view who, const tuf::RoleKeys& role,
                                     const tuf::KeyMap& keys);

}  // namespace rind::signing
