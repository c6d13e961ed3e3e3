#include "common/blob/blob_store.h"

#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind::blob {
namespace {

constexpr std::uint32_t kBlobMode = 0644;
// Group-writable: the syncer and the manager are different users of one group in their containers.
constexpr std::uint32_t kFolderMode = 0775;
constexpr std::string_view kMetadataEnding = ".metadata";

std::string FolderOf(const std::string& root, const std::string& hex) {
  return Cat(root, "/sha256/", hex.substr(0, 2));
}

}  // namespace

StatusOr<BlobStore> BlobStore::Open(FileSystem& files, Random& random, std::string root) {
  RIND_RETURN_IF_ERROR(files.MakeDirectories(JoinPath(root, "sha256"), kFolderMode));
  RIND_RETURN_IF_ERROR(files.MakeDirectories(JoinPath(root, "incoming"), kFolderMode));
  return BlobStore(files, random, std::move(root));
}

std::string BlobStore::PathOf(const Sha256Digest& digest) const {
  const std::string hex = digest.Hex();
  return JoinPath(FolderOf(root_, hex), hex);
}

std::string BlobStore::MetadataPathOf(const Sha256Digest& distribution) const {
  return Cat(PathOf(distribution), kMetadataEnding);
}

BlobStore::Writer::Writer(const BlobStore& store, std::string path, AppendFile file)
    : store_(&store), path_(std::move(path)), file_(std::move(file)) {}

BlobStore::Writer::Writer(Writer&& other) noexcept
    : store_(other.store_),
      path_(std::exchange(other.path_, std::string())),
      file_(std::move(other.file_)),
      hasher_(std::move(other.hasher_)),
      size_(other.size_) {}

BlobStore::Writer::~Writer() {
  // Best effort: what stays is removed by CleanIncoming().
  if (!path_.empty()) (void)store_->files_->Remove(path_);
}

Status BlobStore::Writer::Append(std::string_view bytes) {
  RIND_RETURN_IF_ERROR(file_.Append(bytes));
  hasher_.Update(bytes);
  size_ += bytes.size();
  return OkStatus();
}

StatusOr<Stored> BlobStore::Writer::Finish(const Wanted& wanted) {
  const Sha256Digest found = hasher_.Finish();
  if (wanted.size && *wanted.size != size_) {
    return FailedPrecondition(Cat("wanted ", *wanted.size, " bytes, got ", size_));
  }
  if (wanted.sha256 && *wanted.sha256 != found) {
    return FailedPrecondition(Cat("wanted sha256 ", wanted.sha256->Hex(), ", got ", found.Hex()));
  }
  RIND_RETURN_IF_ERROR(file_.Sync());
  RIND_ASSIGN_OR_RETURN(const Stored stored, store_->MoveIn(path_, found, size_));
  if (stored.is_new) path_.clear();
  return stored;
}

StatusOr<BlobStore::Writer> BlobStore::NewBlob() const {
  const std::string incoming = JoinPath(root_, "incoming");
  // Again: `rind destroy --blobs` takes the folders away under a running service.
  RIND_RETURN_IF_ERROR(files_->MakeDirectories(incoming, kFolderMode));
  std::string path = JoinPath(incoming, ToHex(random_->Bytes(16)));
  RIND_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(path, kBlobMode));
  return Writer(*this, std::move(path), std::move(file));
}

StatusOr<Stored> BlobStore::MoveIn(const std::string& from, const Sha256Digest& digest,
                                   std::uint64_t size) const {
  const std::string to = PathOf(digest);
  RIND_RETURN_IF_ERROR(files_->MakeDirectories(ParentPath(to), kFolderMode));
  const Status moved = files_->MoveNew(from, to);
  if (moved.ok()) return Stored{digest, size, true};
  if (!absl::IsAlreadyExists(moved)) return moved;
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files_->Stat(to));
  if (info.kind != FileKind::kFile || info.size != size) {
    return DataLoss(Cat(to, ": has ", info.size, " bytes, and content of that hash has ", size));
  }
  return Stored{digest, size, false};
}

StatusOr<Stored> BlobStore::Put(std::string_view bytes) const {
  const Sha256Digest digest = Sha256(bytes);
  RIND_ASSIGN_OR_RETURN(const auto present, SizeOf(digest));
  if (present == bytes.size()) return Stored{digest, bytes.size(), false};
  RIND_RETURN_IF_ERROR(files_->MakeDirectories(ParentPath(PathOf(digest)), kFolderMode));
  RIND_RETURN_IF_ERROR(files_->Create(PathOf(digest), bytes, kBlobMode));
  return Stored{digest, bytes.size(), true};
}

Status BlobStore::LinkMetadata(const Sha256Digest& distribution,
                               const Sha256Digest& metadata) const {
  RIND_ASSIGN_OR_RETURN(const auto present, MetadataOf(distribution));
  if (present == metadata) return OkStatus();
  if (present) {
    return AlreadyExists(Cat(MetadataPathOf(distribution), ": is metadata ", present->Hex(),
                             ", wanted ", metadata.Hex()));
  }
  return files_->Link(PathOf(metadata), MetadataPathOf(distribution));
}

StatusOr<std::optional<std::uint64_t>> BlobStore::SizeOf(const Sha256Digest& digest) const {
  const auto info = files_->Stat(PathOf(digest));
  if (absl::IsNotFound(info.status())) return std::optional<std::uint64_t>();
  RIND_RETURN_IF_ERROR(info.status());
  if (info->kind != FileKind::kFile) return DataLoss(Cat(PathOf(digest), ": not a regular file"));
  return std::optional(info->size);
}

StatusOr<std::optional<Sha256Digest>> BlobStore::MetadataOf(
    const Sha256Digest& distribution) const {
  const auto digest = HashFile(MetadataPathOf(distribution));
  if (absl::IsNotFound(digest.status())) return std::optional<Sha256Digest>();
  RIND_RETURN_IF_ERROR(digest.status());
  return std::optional(*digest);
}

StatusOr<Sha256Digest> BlobStore::HashFile(const std::string& path) const {
  Sha256Hasher hasher;
  RIND_RETURN_IF_ERROR(files_->ReadPieces(path, [&](std::string_view piece) {
    hasher.Update(piece);
    return OkStatus();
  }));
  return hasher.Finish();
}

StatusOr<std::string> BlobStore::Read(const Sha256Digest& digest, std::uint64_t max_size) const {
  RIND_ASSIGN_OR_RETURN(std::string bytes, files_->Read(PathOf(digest), max_size));
  if (const Sha256Digest found = Sha256(bytes); found != digest) {
    return DataLoss(Cat(PathOf(digest), ": has sha256 ", found.Hex()));
  }
  return bytes;
}

Status BlobStore::Verify(const Sha256Digest& digest) const {
  RIND_ASSIGN_OR_RETURN(const Sha256Digest found, HashFile(PathOf(digest)));
  if (found != digest) return DataLoss(Cat(PathOf(digest), ": has sha256 ", found.Hex()));
  return OkStatus();
}

Status BlobStore::ForEach(const std::function<Status(const Entry&)>& visit) const {
  const std::string top = JoinPath(root_, "sha256");
  RIND_ASSIGN_OR_RETURN(const auto folders, files_->List(top));
  for (const DirectoryEntry& folder : folders) {
    const std::string path = JoinPath(top, folder.name);
    if (folder.kind != FileKind::kDirectory) {
      RIND_RETURN_IF_ERROR(visit({.path = path, .sha256 = {}}));
      continue;
    }
    RIND_ASSIGN_OR_RETURN(const auto names, files_->List(path));
    for (const DirectoryEntry& name : names) {
      Entry entry{.path = JoinPath(path, name.name), .sha256 = {}};
      std::string_view stem = name.name;
      entry.is_metadata_link = stem.ends_with(kMetadataEnding);
      if (entry.is_metadata_link) stem.remove_suffix(kMetadataEnding.size());
      const auto digest = Sha256Digest::FromHex(stem);
      const bool is_ours =
          digest.ok() && name.kind == FileKind::kFile && stem.substr(0, 2) == folder.name;
      if (is_ours) entry.sha256 = *digest;
      RIND_ASSIGN_OR_RETURN(const FileInfo info, files_->Stat(entry.path));
      entry.size = info.size;
      RIND_RETURN_IF_ERROR(visit(entry));
    }
  }
  return OkStatus();
}

Status BlobStore::CleanIncoming() const {
  const std::string incoming = JoinPath(root_, "incoming");
  RIND_ASSIGN_OR_RETURN(const auto entries, files_->List(incoming));
  for (const DirectoryEntry& entry : entries) {
    RIND_RETURN_IF_ERROR(RemoveTree(*files_, JoinPath(incoming, entry.name)));
  }
  return OkStatus();
}

}  // namespace rind::blob
