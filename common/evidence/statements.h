// The statements that services of rind sign for one another, as values.
//
// Promise: canonical JSON with a `_type` each (docs/formats/), decoded strictly; Encode(Decode(x))
// is x. Errors name the member and what was wanted. Threading: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/crypto/hash.h"
#include "common/crypto/public_key.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/version.h"

namespace rind::evidence {

// "rind-evidence": these are all targets of the project, as the syncer saw them upstream.
struct EvidenceStatement {
  std::string repository;
  std::string project;  // normalised
  std::int64_t serial = 0;
  absl::Time time;
  std::uint64_t count = 0;    // of targets
  Sha256Digest targets_root;  // MerkleRoot() of them
  bool operator==(const EvidenceStatement&) const = default;
};
std::string Encode(const EvidenceStatement& statement);
StatusOr<EvidenceStatement> DecodeEvidence(std::string_view canonical);

// "rind-receipt": the content-signer signed this file.
struct ReceiptStatement {
  std::string repository;
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  tuf::Version version = tuf::Version::First();
  Sha256Digest sha256;  // of the whole file
  std::uint64_t length = 0;
  bool operator==(const ReceiptStatement&) const = default;
};
std::string Encode(const ReceiptStatement& statement);
StatusOr<ReceiptStatement> DecodeReceipt(std::string_view canonical);

// "rind-claim": these keys sign for this project from now until `expires`.
struct ClaimStatement {
  std::string repository;
  std::string project;          // normalised
  std::vector<PublicKey> keys;  // sorted by material
  tuf::Threshold threshold = *tuf::Threshold::Create(1);
  absl::Time expires;  // of the authorisation: a claim must be made before it
  bool operator==(const ClaimStatement&) const = default;
};
std::string Encode(const ClaimStatement& statement);
StatusOr<ClaimStatement> DecodeClaim(std::string_view canonical);

}  // namespace rind::evidence
