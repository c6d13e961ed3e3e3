#include "services/delegation_manager/check/listed.h"

#include <algorithm>

namespace rind::delegation_manager {
namespace {

template <typename T>
void SortUnique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

void Listed::Seal() {
  SortUnique(pages_);
  SortUnique(blobs_);
  SortUnique(distributions_);
  SortUnique(metadata_);
  auto distribution = distributions_.begin();
  for (const auto& [path, content] : metadata_) {
    while (distribution != distributions_.end() && distribution->first < path) ++distribution;
    if (distribution == distributions_.end() || distribution->first != path) {
      orphans_.push_back(content);
    } else {
      links_.emplace_back(distribution->second, content);
    }
  }
  SortUnique(links_);
  distributions_ = {};
  metadata_ = {};
}

bool Listed::HasPage(std::string_view path) const {
  return std::binary_search(pages_.begin(), pages_.end(), Sha256(path));
}

bool Listed::HasBlob(const Sha256Digest& content) const {
  return std::binary_search(blobs_.begin(), blobs_.end(), content);
}

bool Listed::HasLink(const Sha256Digest& distribution) const {
  const auto found =
      std::lower_bound(links_.begin(), links_.end(), Pair(distribution, Sha256Digest()));
  return found != links_.end() && found->first == distribution;
}

}  // namespace rind::delegation_manager
