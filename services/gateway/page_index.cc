#include "services/gateway/page_index.h"

#include <algorithm>

#include "common/pypi/index_page.h"

namespace rind::gateway {
namespace {
constexpr std::size_t kMaxPages = 32;
}

std::shared_ptr<const PageFiles> PageIndex::Find(const Sha256Digest& digest) {
  const absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(pages_.begin(), pages_.end(),
                                  [&digest](const auto& page) { return page.first == digest; });
  if (found == pages_.end()) return nullptr;
  pages_.splice(pages_.begin(), pages_, found);
  return pages_.front().second;
}

StatusOr<std::shared_ptr<const PageFiles>> PageIndex::Add(const Sha256Digest& digest,
                                                          std::string_view bytes,
                                                          const pypi::ProjectName& project) {
  RIND_ASSIGN_OR_RETURN(const pypi::IndexPage page, pypi::ParseIndexJson(bytes, project));
  auto files = std::make_shared<PageFiles>();
  for (const pypi::ListedFile& file : page.files) {
    files->emplace(std::string(file.distribution.filename()),
                   PageFile{file.sha256, file.core_metadata_sha256});
  }
  const absl::MutexLock lock(&mutex_);
  pages_.emplace_front(digest, files);
  if (pages_.size() > kMaxPages) pages_.pop_back();
  return std::shared_ptr<const PageFiles>(std::move(files));
}

}  // namespace rind::gateway
