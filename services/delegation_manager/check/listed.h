// What the metadata lists, collected while it is walked, to find what nothing lists.
//
// Promise: 32 bytes for a page and 32 to 96 for a file; exact. Seal() once, then ask.
// Threading: one thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/crypto/hash.h"

namespace rind::delegation_manager {

class Listed {
 public:
  // `path` as a file below targets/: "simple/six/<sha256>.index.html".
  void AddPage(std::string_view path) { pages_.push_back(Sha256(path)); }
  void AddBlob(const Sha256Digest& content) { blobs_.push_back(content); }
  // The distribution and the core metadata file of one target path.
  void AddDistribution(std::string_view path, const Sha256Digest& content) {
    distributions_.emplace_back(Sha256(path), content);
  }
  void AddMetadata(std::string_view distribution_path, const Sha256Digest& content) {
    metadata_.emplace_back(Sha256(distribution_path), content);
  }

  void Seal();
  // After Seal(): what an older version of a role listed and the newest does not. It is kept for
  // slow clients.
  void KeepPage(std::string_view path) {
    if (!HasPage(path)) kept_.insert(Sha256(path));
  }
  void KeepBlob(const Sha256Digest& content) {
    if (!HasBlob(content)) kept_.insert(content);
  }
  bool KeepsPage(std::string_view path) const { return kept_.contains(Sha256(path)); }
  bool KeepsBlob(const Sha256Digest& content) const { return kept_.contains(content); }

  bool HasPage(std::string_view path) const;
  bool HasBlob(const Sha256Digest& content) const;
  // Whether a core metadata file is listed for the distribution with this content.
  bool HasLink(const Sha256Digest& distribution) const;

  // {distribution, its metadata}, both by content; and the metadata files that no distribution
  // belongs to.
  using Pair = std::pair<Sha256Digest, Sha256Digest>;
  const std::vector<Pair>& links() const { return links_; }
  const std::vector<Sha256Digest>& orphans() const { return orphans_; }

 private:
  std::vector<Sha256Digest> pages_, blobs_, orphans_;
  std::vector<Pair> distributions_, metadata_;  // by the hash of the distribution's path
  std::vector<Pair> links_;
  std::set<Sha256Digest> kept_;  // pages by the hash of their path, blobs by content
};

}  // namespace rind::delegation_manager
