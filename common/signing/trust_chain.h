// Signed files that were sent along, verified from the pinned root on.
//
// Promise: every document in a TrustChain is signed by the threshold of keys that the one above it
// names: root versions one after another (each by its predecessor and by itself), targets, then
// claimed, recently-claimed and unclaimed, then projects. A file that does not verify, or whose
// delegator was not sent, refuses the request. Expiry is not looked at: a release after a long
// absence proves old documents.
// Threading: immutable after Build().
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "common/crypto/hash.h"
#include "common/signing/memory.h"
#include "common/signing/proposal.h"
#include "common/tuf/model/documents.h"

namespace rind::signing {

class TrustChain {
 public:
  struct File {
    tuf::Targets document;
    Sha256Digest sha256;
    std::uint64_t length = 0;
  };
  // Without a pinned root the lowest root that was sent is taken, if it verifies under itself; the
  // caller decides whether to trust it (it must name the signer's own keys).
  static StatusOr<TrustChain> Build(std::string_view who, const PinnedRoot* pinned,
                                    const std::vector<SuppliedFile>& files);

  const tuf::Root& root() const { return root_; }
  // The new pinned root, when it is not the one that was given.
  const std::optional<PinnedRoot>& moved() const { return moved_; }
  // Null when it was not sent.
  const File* Find(const tuf::RoleName& role) const;

 private:
  Status TakeRoots(std::string_view who, const PinnedRoot* pinned,
                   const std::vector<SuppliedFile>& files);
  Status TakeTargets(std::string_view who, const SuppliedFile& file,
                     const std::vector<tuf::RoleName>& delegators);

  tuf::Root root_;
  std::optional<PinnedRoot> moved_;
  std::map<tuf::RoleName, File> files_;
};

}  // namespace rind::signing
