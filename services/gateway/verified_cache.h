// Files by their sha256, on disk, up to a size.
//
// Promise: nothing leaves it unchecked: small files are hashed before they are given, large ones as
// they are given, with the last piece withheld until the hash agrees. What does not agree is
// dropped. What was used longest ago leaves first; after a start the modification time stands for
// the use. Threading: thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::gateway {

class VerifiedCache {
 public:
  using Sink = std::function<Status(std::string_view)>;

  // `files` must outlive the cache. Empties what an earlier run left half-done.
  static StatusOr<std::unique_ptr<VerifiedCache>> Open(FileSystem& files, std::string folder,
                                                       std::uint64_t max_bytes);

  bool Has(const Sha256Digest& digest, std::uint64_t length);
  // NotFound when it is not there or was damaged.
  StatusOr<std::string> Read(const Sha256Digest& digest, std::uint64_t length);
  // In pieces, the last one after the check; DataLoss when it was damaged (it is then gone).
  Status ReadTo(const Sha256Digest& digest, std::uint64_t length, const Sink& sink);
  // `fill` writes the content to the sink that it is given; kept when its hash is `digest`. The
  // error of `fill` is returned.
  Status Add(const Sha256Digest& digest, std::uint64_t length,
             const std::function<Status(const Sink&)>& fill);

  std::uint64_t bytes() const;

 private:
  struct Entry {
    std::uint64_t length;
    std::list<std::string>::iterator place;
  };
  VerifiedCache(FileSystem& files, std::string folder, std::uint64_t max_bytes)
      : files_(files), folder_(std::move(folder)), max_bytes_(max_bytes) {}

  Status Scan();
  std::string PathOf(std::string_view hex) const;
  void Used(const std::string& hex, std::uint64_t length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(const std::string& hex);
  void MakeRoom();

  FileSystem& files_;
  const std::string folder_;
  const std::uint64_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::list<std::string> order_ ABSL_GUARDED_BY(mutex_);  // used last in front
  std::uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_incoming_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rind::gateway
