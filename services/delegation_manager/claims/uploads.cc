#include "services/delegation_manager/claims/uploads.h"

#include <utility>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kUnfinished = ".part-";

}  // namespace

StatusOr<std::unique_ptr<Uploads>> Uploads::Open(FileSystem& files, Random& random,
                                                 std::string folder, blob::BlobStore& blobs,
                                                 absl::Time now, UploadLimits limits) {
  RIND_RETURN_IF_ERROR(files.MakeDirectories(folder, 0700));
  std::unique_ptr<Uploads> uploads(new Uploads(files, random, std::move(folder), blobs, limits));
  RIND_RETURN_IF_ERROR(uploads->RemoveOld(now));
  return uploads;
}

Status Uploads::RemoveOld(absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const auto entries, files_.List(folder_));
  for (const DirectoryEntry& entry : entries) {
    const std::string path = JoinPath(folder_, entry.name);
    RIND_ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(path));
    const bool unfinished = entry.name.find(kUnfinished) != std::string::npos;
    if (unfinished || absl::FromUnixSeconds(info.modified) + limits_.kept < now) {
      RIND_RETURN_IF_ERROR(files_.Remove(path));
    } else {
      held_bytes_ += info.size;
    }
  }
  return OkStatus();
}

Uploads::Writer::Writer(Uploads& uploads, std::string path, AppendFile file,
                        const Sha256Digest& sha256, std::uint64_t length)
    : uploads_(uploads),
      path_(std::move(path)),
      file_(std::move(file)),
      sha256_(sha256),
      length_(length) {}

Uploads::Writer::~Writer() {
  if (path_.empty()) return;
  uploads_.held_bytes_ -= length_;
  if (const Status status = uploads_.files_.Remove(path_); !status.ok()) {
    LogWarning("an unfinished upload stays until the next start",
               {{"error", std::string(MessageOf(status))}});
  }
}

StatusOr<std::unique_ptr<Uploads::Writer>> Uploads::Begin(const Sha256Digest& sha256,
                                                          std::uint64_t length) {
  if (length > limits_.file_bytes) {
    return ResourceExhausted(
        Cat("upload: ", length, " bytes, at most ", limits_.file_bytes, " a file"));
  }
  if (held_bytes_.fetch_add(length) + length > limits_.all_bytes) {
    held_bytes_ -= length;
    return ResourceExhausted(
        Cat("upload: ", limits_.all_bytes, " bytes wait already; push what was uploaded first"));
  }
  const std::string path = Cat(PathOf(sha256), kUnfinished, ToHex(random_.Bytes(8)));
  auto file = AppendFile::Open(path, 0600);
  if (!file.ok()) {
    held_bytes_ -= length;
    return file.status();
  }
  return std::unique_ptr<Writer>(new Writer(*this, path, *std::move(file), sha256, length));
}

Status Uploads::Writer::Append(std::string_view bytes) {
  written_ += bytes.size();
  if (written_ > length_) {
    return FailedPrecondition(Cat("upload: more than the ", length_, " bytes announced"));
  }
  hasher_.Update(bytes);
  return file_.Append(bytes);
}

Status Uploads::Writer::Finish() {
  const Sha256Digest found = hasher_.Finish();
  if (written_ != length_ || found != sha256_) {
    return FailedPrecondition(Cat("upload: ", written_, " bytes with sha256 ", found.Hex(),
                                  ", announced were ", length_, " with ", sha256_.Hex()));
  }
  RIND_RETURN_IF_ERROR(file_.Sync());
  const Status moved = uploads_.files_.MoveNew(path_, uploads_.PathOf(sha256_));
  // The same file twice at once: one of them stays, and the destructor takes the other away.
  if (absl::IsAlreadyExists(moved)) return OkStatus();
  RIND_RETURN_IF_ERROR(moved);
  path_.clear();
  return OkStatus();
}

StatusOr<std::uint64_t> Uploads::LengthOf(const Sha256Digest& sha256) const {
  RIND_ASSIGN_OR_RETURN(const auto size, blobs_.SizeOf(sha256));
  if (size) return *size;
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(PathOf(sha256)));
  return info.size;
}

Status Uploads::Commit(const Sha256Digest& sha256, std::uint64_t length) {
  const std::string path = PathOf(sha256);
  RIND_ASSIGN_OR_RETURN(const auto there, blobs_.SizeOf(sha256));
  if (!there) {
    RIND_ASSIGN_OR_RETURN(auto blob, blobs_.NewBlob());
    RIND_RETURN_IF_ERROR(
        files_.ReadPieces(path, [&](std::string_view piece) { return blob.Append(piece); }));
    RIND_RETURN_IF_ERROR(blob.Finish({.sha256 = sha256, .size = length}).status());
  }
  const Status removed = files_.Remove(path);
  if (absl::IsNotFound(removed)) return OkStatus();
  RIND_RETURN_IF_ERROR(removed);
  held_bytes_ -= length;
  return OkStatus();
}

}  // namespace rind::delegation_manager
