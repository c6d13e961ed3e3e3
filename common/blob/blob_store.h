// Files by their content: sha256/ab/<64 hex> under one folder, create-only.
//
// Promise: under a final name stands a whole file with that hash, or nothing: bytes go to incoming/
// on the same mount, are hashed and counted while they are written, synced, checked, and only then
// moved without replacing. A blob is never changed. What a crash leaves in incoming/ is removed by
// CleanIncoming(). Blobs are readable by others (0644), because the web serves them.
//
//   <root>/sha256/ab/<64 hex>             a file by its content
//   <root>/sha256/ab/<64 hex>.metadata    the core metadata of the distribution with that hash: a
//                                         second name of the blob with the metadata
//   <root>/incoming/                      quarantine, not served
//
// Errors: FailedPrecondition (not the size or hash that was wanted), NotFound, DataLoss (stored
// bytes are not what was stored), and those of base/file_system.h. Threading: BlobStore is
// thread-safe, as its file system is; a Writer belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::blob {

// What a blob must be; nothing is wanted of what is not given.
struct Wanted {
  std::optional<Sha256Digest> sha256;
  std::optional<std::uint64_t> size;
};

struct Stored {
  Sha256Digest sha256;
  std::uint64_t size = 0;
  bool is_new = false;  // it was not there before
};

class BlobStore {
 public:
  // Makes the folders. `files` and `random` must outlive the store.
  static StatusOr<BlobStore> Open(FileSystem& files, Random& random, std::string root);

  // A file on its way in. Dropped without Finish(), it leaves nothing.
  class Writer {
   public:
    Writer(Writer&& other) noexcept;
    Writer& operator=(Writer&&) = delete;
    ~Writer();

    Status Append(std::string_view bytes);
    std::uint64_t size() const { return size_; }
    // Syncs, checks, moves into place. FailedPrecondition names what was wanted and what came; then
    // nothing is kept.
    StatusOr<Stored> Finish(const Wanted& wanted);

   private:
    friend class BlobStore;
    Writer(const BlobStore& store, std::string path, AppendFile file);
    const BlobStore* store_;
    std::string path_;  // "": finished
    AppendFile file_;
    Sha256Hasher hasher_;
    std::uint64_t size_ = 0;
  };
  StatusOr<Writer> NewBlob() const;
  // The same for bytes at hand.
  StatusOr<Stored> Put(std::string_view bytes) const;

  // Makes `<distribution>.metadata` a name of the blob `metadata`. A repeat is OK; AlreadyExists
  // when it names other content.
  Status LinkMetadata(const Sha256Digest& distribution, const Sha256Digest& metadata) const;

  // The size of a blob; nothing when there is none.
  StatusOr<std::optional<std::uint64_t>> SizeOf(const Sha256Digest& digest) const;
  // The sha256 of `<distribution>.metadata`; nothing when there is none.
  StatusOr<std::optional<Sha256Digest>> MetadataOf(const Sha256Digest& distribution) const;
  // The content, hash checked.
  StatusOr<std::string> Read(const Sha256Digest& digest, std::uint64_t max_size) const;
  // Reads the whole blob; DataLoss when its hash is not its name.
  Status Verify(const Sha256Digest& digest) const;

  // Every entry below sha256/, sorted by path; an error of `visit` ends it.
  struct Entry {
    std::string path;                    // the full path
    std::optional<Sha256Digest> sha256;  // from the name; empty: not a name of ours
    bool is_metadata_link = false;
    std::uint64_t size = 0;
  };
  Status ForEach(const std::function<Status(const Entry&)>& visit) const;

  // Removes what is in incoming/; call it at the start, while nothing else writes.
  Status CleanIncoming() const;

  std::string PathOf(const Sha256Digest& digest) const;
  std::string MetadataPathOf(const Sha256Digest& distribution) const;
  const std::string& root() const { return root_; }

 private:
  BlobStore(FileSystem& files, Random& random, std::string root)
      : files_(&files), random_(&random), root_(std::move(root)) {}
  StatusOr<Stored> MoveIn(const std::string& from, const Sha256Digest& digest,
                          std::uint64_t size) const;
  StatusOr<Sha256Digest> HashFile(const std::string& path) const;

  FileSystem* files_;
  Random* random_;
  std::string root_;
};

}  // namespace rind::blob
