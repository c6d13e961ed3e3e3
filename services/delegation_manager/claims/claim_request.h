// A claim: "these keys sign for this project", from its request to the officer's word.
//
// Promise: a request counts only with a proof of possession of every key (SECURITY.md S-08), for
// this repository and this project, together with a first project role that those keys signed and
// that changes no file. An authorisation is the very statement that was requested, with one
// signature more. Errors: InvalidArgument for what is malformed, FailedPrecondition for what a rule
// refuses. Threading: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/public_key.h"
#include "common/evidence/statements.h"
#include "common/tuf/build/build.h"
#include "services/delegation_manager/claims/project_role.h"
#include "services/delegation_manager/state/records.h"

namespace rind::delegation_manager {

// A project has at most this many keys: each is an entry in a role that every client loads.
inline constexpr std::size_t kMaxProjectKeys = 16;
// How far ahead an authorisation may be valid.
inline constexpr absl::Duration kLongestAuthorisation = absl::Hours(24 * 90);

// The statement, when it is about this project of this repository, has not expired, and every one
// of its keys signed it, each once, and nobody else.
StatusOr<evidence::ClaimStatement> CheckClaim(const SignedClaim& claim, std::string_view repository,
                                              std::string_view project, absl::Time now);

// The statement that was requested, with exactly one signature beside its keys'; it is the
// officer's if the officer's key is known here (the content-signer pins it and judges in any case).
StatusOr<evidence::ClaimStatement> CheckAuthorisation(const SignedClaim& authorised,
                                                      const SignedClaim& requested,
                                                      const std::optional<PublicKey>& officer,
                                                      absl::Time now);

// The keys of a claim as a role's.
tuf::RoleSigners SignersOf(const evidence::ClaimStatement& claim);

struct CheckedClaim {
  evidence::ClaimStatement statement;
  ProjectRole role;
};

// The whole request: the statement, and the project role under its keys. The role lists files that
// are published now, under their hashes, and no other: new files come later, by a push.
StatusOr<CheckedClaim> CheckClaimRequest(const SignedClaim& claim, std::string_view role_file,
                                         const ProjectPages& pages, const ProjectView& view,
                                         absl::Time now);

}  // namespace rind::delegation_manager
