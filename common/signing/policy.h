// The rules by which a signer judges a document: pure functions over the request, what the signer
// remembers, its policy and the time.
//
// Promise: Judge() gives the intent to write before signing, or a refusal (refusal.h) that names
// the rule, the role and version, what was found and what was wanted. It changes nothing.
// Rules: SECURITY.md S-01 to S-09; docs/formats/ledger.md says what is remembered for them.
// Threading: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/public_key.h"
#include "common/signing/memory.h"
#include "common/signing/proposal.h"
#include "common/tuf/model/documents.h"

namespace rind::signing {

enum class SignerKind { kRelease, kContent, kOffline };
// "release", "content", "offline".
std::string_view NameOf(SignerKind kind);

// The longest that each role's documents may live (ARCHITECTURE.md section 3).
struct Lifetimes {
  absl::Duration offline;  // root, targets, claimed, unclaimed
  absl::Duration recently_claimed;
  absl::Duration bins;
  absl::Duration snapshot;
  absl::Duration timestamp;
};
// "default", "pep458", "relaxed"; InvalidArgument otherwise.
StatusOr<Lifetimes> LifetimesOf(std::string_view profile);

// Clocks of two services may differ by this much.
inline constexpr absl::Duration kClockTolerance = absl::Seconds(60);

struct Policy {
  SignerKind kind = SignerKind::kContent;
  std::string repository;
  Lifetimes lifetimes;
  // This signer's public keys by key role (KeyRoleOf): "bins", "snapshot", ...
  std::map<std::string, PublicKey> own_keys;
  // Content: whose evidence counts, and how many distinct ones a new path needs.
  std::vector<PublicKey> evidence_keys;
  int evidence_threshold = 1;
  // Content: the exact number of bits that choose a bin; 0: any that the role's name allows.
  int bin_bits = 0;
  // Content and offline: who authorises claims; without one no project can be claimed.
  std::optional<PublicKey> claims_officer;
  // Release: whose receipts count for online roles.
  std::vector<PublicKey> receipt_keys;
};

// Which of its keys a signer of `kind` uses for `role`: the role's name, "bins" for each bin,
// "recently-claimed" and "claimed" for their shards too. S-01 when the role is not its own.
StatusOr<std::string> KeyRoleOf(SignerKind kind, const tuf::RoleName& role);

// What holds for a whole call: the repository (S-09) and the clocks (S-03).
Status JudgeCall(std::string_view repository, absl::Time manager_time, const Memory& memory,
                 const Policy& policy, absl::Time now);

// Judges one document that is not a repeat of what was signed.
StatusOr<Intent> Judge(const Proposal& proposal, const Memory& memory, const Policy& policy,
                       absl::Time now);

// Whether `proposal` is, to the byte, the newest document that was signed for its role.
bool IsRepeat(const Proposal& proposal, const Memory& memory);

}  // namespace rind::signing
