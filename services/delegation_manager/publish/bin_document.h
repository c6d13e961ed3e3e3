// The document of one bin, and what vouches for what is new in it.
//
// Promise: pure: the same targets make the same document.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/evidence/merkle.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/records.h"

namespace rind::delegation_manager {

// "bin-0f" of 256 bins.
tuf::RoleName BinRole(std::uint32_t bin, std::uint32_t bin_count);
// The number in such a name; nothing for other roles.
std::optional<std::uint32_t> BinOfRole(const tuf::RoleName& role);

// When a bin that is signed now expires. Bins that are made at one moment are spread over a sixth
// of their lifetime, so that not all of them are due at one moment again.
absl::Time BinExpiry(std::uint32_t bin, Profile profile, absl::Time now);

tuf::Targets BuildBin(const tuf::Header& header, const std::vector<Target>& targets);

// Targets that `previous` does not have, or not so. Those of the list of all projects are the
// manager's own and need no evidence.
std::vector<const Target*> NeedEvidence(const std::optional<tuf::Targets>& previous,
                                        const std::vector<Target>& targets);

// A project's evidence with the tree that its audit paths come from.
class EvidenceTree {
 public:
  // `targets` are all of the project's, sorted by path.
  EvidenceTree(SignedEvidence evidence, const std::vector<Target>& targets);
  // `wanted` are some of them.
  Vouched Prove(const std::vector<const Target*>& wanted) const;

 private:
  SignedEvidence evidence_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<evidence::VouchedTarget> leaves_;
  evidence::MerkleTree tree_;
};

}  // namespace rind::delegation_manager
