// A Merkle tree over a project's targets (RFC 6962 section 2.1), so that one signature vouches for
// all of them and each can be shown alone.
//
// Promise: leaf = sha256(0x00 || canonical JSON of {"length","path","sha256"}); node = sha256(0x01
// || left || right). Leaves are sorted by path, no path twice. Threading: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/crypto/hash.h"
#include "common/tuf/model/target_path.h"

namespace rind::evidence {

struct VouchedTarget {
  tuf::TargetPath path;
  std::uint64_t length = 0;
  Sha256Digest sha256;
  auto operator<=>(const VouchedTarget&) const = default;
};

Sha256Digest LeafHash(const VouchedTarget& target);
// The root of no leaves is sha256("").
Sha256Digest MerkleRoot(std::span<const VouchedTarget> sorted_targets);
// The audit path of leaf `index`, from the leaf upwards.
std::vector<Sha256Digest> AuditPath(std::span<const VouchedTarget> sorted_targets,
                                    std::size_t index);

// The tree itself, for whoever shows many of its leaves: O(n) to make, O(log n) for each path.
class MerkleTree {
 public:
  explicit MerkleTree(std::span<const VouchedTarget> sorted_targets);
  const Sha256Digest& root() const { return levels_.back().front(); }
  // `index` is below the count of leaves.
  std::vector<Sha256Digest> Path(std::size_t index) const;

 private:
  std::vector<std::vector<Sha256Digest>> levels_;  // leaves first; at least one level of one node
};

// OK when `target` is leaf `index` of the `count` leaves under `root`.
Status CheckAuditPath(const VouchedTarget& target, std::uint64_t index, std::uint64_t count,
                      std::span<const Sha256Digest> path, const Sha256Digest& root);

}  // namespace rind::evidence
