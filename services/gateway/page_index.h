// What verified index pages say of files: the parsed pages that were asked for last.
//
// Threading: thread-safe.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/pypi/project_name.h"

namespace rind::gateway {

struct PageFile {
  std::optional<Sha256Digest> sha256;
  std::optional<Sha256Digest> core_metadata_sha256;
};
// By file name.
using PageFiles = std::map<std::string, PageFile, std::less<>>;

class PageIndex {
 public:
  // The files of the page with this hash if it was parsed before; null otherwise.
  std::shared_ptr<const PageFiles> Find(const Sha256Digest& digest);
  // Parses the JSON page of `project`, whose hash is `digest`.
  StatusOr<std::shared_ptr<const PageFiles>> Add(const Sha256Digest& digest, std::string_view bytes,
                                                 const pypi::ProjectName& project);

 private:
  absl::Mutex mutex_;
  // Used last in front.
  std::list<std::pair<Sha256Digest, std::shared_ptr<const PageFiles>>> pages_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace rind::gateway
