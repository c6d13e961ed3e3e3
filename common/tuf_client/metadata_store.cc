#include "common/tuf_client/metadata_store.h"

#include "common/base/text.h"

namespace rind::tuf_client {
namespace {
constexpr std::size_t kMaxFileName = 200;  // of 255, with room for a temporary name's suffix
}

StatusOr<FileLock> MetadataStore::Lock(absl::Duration patience) {
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(folder_, 0700));
  return FileLock::Acquire(JoinPath(folder_, ".lock"), patience);
}

StatusOr<std::string> MetadataStore::Load(const tuf::RoleName& role,
                                          std::uint64_t max_bytes) const {
  const std::string path = PathOf(role);
  if (path.empty())
    return NotFound(Cat(Printable(role.text()), ": not kept, its name is too long"));
  return files_.Read(path, max_bytes);
}

Status MetadataStore::Store(const tuf::RoleName& role, std::string_view bytes) {
  const std::string path = PathOf(role);
  return path.empty() ? OkStatus() : files_.Replace(path, bytes, 0600);
}

Status MetadataStore::Remove(const tuf::RoleName& role) {
  const std::string path = PathOf(role);
  if (path.empty()) return OkStatus();
  const Status removed = files_.Remove(path);
  return absl::IsNotFound(removed) ? OkStatus() : removed;
}

std::string MetadataStore::PathOf(const tuf::RoleName& role) const {
  const std::string name = Cat(role.FileName(), ".json");
  return name.size() > kMaxFileName ? std::string() : JoinPath(folder_, name);
}

}  // namespace rind::tuf_client
