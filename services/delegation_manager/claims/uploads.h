// Files that developers sent and that no transaction names yet.
//
// Promise: under its hash stands a whole file with that hash, or nothing. What is here is not
// served and does not count: Commit() copies it into volume blobs when a transaction that names it
// passed. Sizes are bounded, one file and all together; what nobody asked for in a week is removed.
// Errors: ResourceExhausted over a bound, FailedPrecondition for other bytes than announced.
// Threading: thread-safe; one Writer belongs to one call.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/blob/blob_store.h"
#include "common/crypto/hash.h"

namespace rind::delegation_manager {

struct UploadLimits {
  std::uint64_t file_bytes = std::uint64_t{2} << 30;
  std::uint64_t all_bytes = std::uint64_t{8} << 30;
  absl::Duration kept = absl::Hours(24 * 7);
};

class Uploads {
 public:
  // Makes the folder, removes what is unfinished or old. All must outlive the result.
  static StatusOr<std::unique_ptr<Uploads>> Open(FileSystem& files, Random& random,
                                                 std::string folder, blob::BlobStore& blobs,
                                                 absl::Time now, UploadLimits limits = {});

  // One file on its way in. Dropped without Finish(), it leaves nothing.
  class Writer {
   public:
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    Status Append(std::string_view bytes);
    Status Finish();

   private:
    friend class Uploads;
    Writer(Uploads& uploads, std::string path, AppendFile file, const Sha256Digest& sha256,
           std::uint64_t length);
    Uploads& uploads_;
    std::string path_;
    AppendFile file_;
    Sha256Digest sha256_;
    std::uint64_t length_;
    std::uint64_t written_ = 0;
    Sha256Hasher hasher_;
  };
  StatusOr<std::unique_ptr<Writer>> Begin(const Sha256Digest& sha256, std::uint64_t length);

  // The length of the file with this content, here or among the blobs; NotFound when in neither.
  StatusOr<std::uint64_t> LengthOf(const Sha256Digest& sha256) const;
  // Among the blobs after this; the copy here goes.
  Status Commit(const Sha256Digest& sha256, std::uint64_t length);

 private:
  Uploads(FileSystem& files, Random& random, std::string folder, blob::BlobStore& blobs,
          UploadLimits limits)
      : files_(files),
        random_(random),
        folder_(std::move(folder)),
        blobs_(blobs),
        limits_(limits) {}
  std::string PathOf(const Sha256Digest& sha256) const { return JoinPath(folder_, sha256.Hex()); }
  Status RemoveOld(absl::Time now);

  FileSystem& files_;
  Random& random_;
  std::string folder_;
  blob::BlobStore& blobs_;
  UploadLimits limits_;
  std::atomic<std::uint64_t> held_bytes_ = 0;  // here, finished or announced
};

}  // namespace rind::delegation_manager
