#include "services/delegation_manager/publish/published_metadata.h"

#include "common/base/text.h"
#include "services/delegation_manager/publish/release.h"

namespace rind::delegation_manager {

StatusOr<std::string> ReadMetadata(const FileReader& files, const std::string& public_folder,
                                   const tuf::RoleName& role, tuf::Version version) {
  const std::string name = Cat("metadata/", MetadataName(role, version));
  auto bytes = files.Read(JoinPath(public_folder, name), kMaxMetadataBytes);
  if (bytes.ok()) return bytes;
  return DataLoss(
      Cat("public/", name, ": was published and can't be read: ", CodeName(bytes.status().code())));
}

StatusOr<std::string> SignedPartOf(std::string_view file) {
  // docs/formats/metadata.md fixes this form; the list of signatures has no bracket of its own.
  constexpr std::string_view kBegin = R"({"signatures":[)";
  constexpr std::string_view kMiddle = R"(],"signed":)";
  const std::size_t middle = file.find(kMiddle);
  if (!file.starts_with(kBegin) || middle == std::string_view::npos || !file.ends_with('}')) {
    return DataLoss("published metadata: is not of the form that we write");
  }
  file.remove_suffix(1);
  return std::string(file.substr(middle + kMiddle.size()));
}

}  // namespace rind::delegation_manager
