#include "services/delegation_manager/ingest/blob_presence.h"

#include "common/base/text.h"

namespace rind::delegation_manager {

StatusOr<std::uint64_t> BlobLengthOf(const FileReader& files, const std::string& blobs_folder,
                                     const Sha256Digest& sha256) {
  const std::string hex = sha256.Hex();
  const std::string below = Cat("sha256/", hex.substr(0, 2), "/", hex);
  const auto info = files.Stat(JoinPath(blobs_folder, below));
  if (absl::IsNotFound(info.status())) return NotFound(Cat("blobs/", below, ": is not there"));
  RIND_RETURN_IF_ERROR(info.status());
  if (info->kind != FileKind::kFile) {
    return FailedPrecondition(Cat("blobs/", below, ": is not a regular file"));
  }
  return info->size;
}

}  // namespace rind::delegation_manager
