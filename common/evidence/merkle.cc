#include "common/evidence/merkle.h"

#include <limits>
#include <utility>

#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace rind::evidence {
namespace {

Sha256Digest NodeHash(const Sha256Digest& left, const Sha256Digest& right) {
  return Sha256(Cat('\x01', left.Bytes(), right.Bytes()));
}

// One level up. An odd last node goes up as it is: that gives RFC 6962's tree, whose left part is
// the largest power of two below the count.
std::vector<Sha256Digest> LevelAbove(const std::vector<Sha256Digest>& level) {
  std::vector<Sha256Digest> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i < level.size(); i += 2) {
    above.push_back(i + 1 < level.size() ? NodeHash(level[i], level[i + 1]) : level[i]);
  }
  return above;
}

}  // namespace

Sha256Digest LeafHash(const VouchedTarget& target) {
  tuf::CanonicalWriter writer;
  writer.BeginObject();
  writer.Name("length");
  writer.Integer(static_cast<std::int64_t>(target.length));
  writer.Name("path");
  writer.String(target.path.text());
  writer.Name("sha256");
  writer.String(target.sha256.Hex());
  writer.EndObject();
  return Sha256(Cat('\0', writer.Take()));
}

MerkleTree::MerkleTree(std::span<const VouchedTarget> sorted_targets) {
  std::vector<Sha256Digest> leaves;
  leaves.reserve(sorted_targets.size());
  for (const VouchedTarget& target : sorted_targets) leaves.push_back(LeafHash(target));
  if (leaves.empty()) leaves.push_back(Sha256(""));
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) levels_.push_back(LevelAbove(levels_.back()));
}

std::vector<Sha256Digest> MerkleTree::Path(std::size_t index) const {
  std::vector<Sha256Digest> path;
  for (const auto& level : levels_) {
    const std::size_t sibling = index ^ 1U;
    if (sibling < level.size()) path.push_back(level[sibling]);
    index /= 2;
  }
  return path;
}

Sha256Digest MerkleRoot(std::span<const VouchedTarget> sorted_targets) {
  return MerkleTree(sorted_targets).root();
}

std::vector<Sha256Digest> AuditPath(std::span<const VouchedTarget> sorted_targets,
                                    std::size_t index) {
  return MerkleTree(sorted_targets).Path(index);
}

Status CheckAuditPath(const VouchedTarget& target, std::uint64_t index, std::uint64_t count,
                      std::span<const Sha256Digest> path, const Sha256Digest& root) {
  if (index >= count) {
    return FailedPrecondition(Cat(target.path.text(), ": is leaf ", index, " of ", count));
  }
  Sha256Digest hash = LeafHash(target);
  std::size_t used = 0;
  // `last` is the index of the level's last node; a node that is last and has an even index has no
  // sibling and goes up as it is.
  for (std::uint64_t last = count - 1; last > 0; last /= 2, index /= 2) {
    const bool right = index % 2 == 1;
    if (!right && index == last) continue;
    if (used == path.size()) {
      return FailedPrecondition(
          Cat(target.path.text(), ": its audit path ends after ", used, " nodes"));
    }
    hash = right ? NodeHash(path[used], hash) : NodeHash(hash, path[used]);
    ++used;
  }
  if (used != path.size()) {
    return FailedPrecondition(
        Cat(target.path.text(), ": its audit path has ", path.size(), " nodes: wanted ", used));
  }
  if (hash != root) {
    return FailedPrecondition(Cat(target.path.text(), ": its audit path leads to ", hash.Short(),
                                  ", the evidence says ", root.Short()));
  }
  return OkStatus();
}

}  // namespace rind::evidence
