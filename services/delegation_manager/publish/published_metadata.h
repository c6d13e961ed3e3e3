// What lies below public/metadata, read back.
//
// Promise: reads at most what clients would; slices the signed part out of a file that we wrote.
// Threading: thread-safe when the file system is.
#pragma once

#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/version.h"

namespace rind::delegation_manager {

// No document that we publish is larger; a snapshot of 32,768 bins with hashes has 6 MB.
inline constexpr std::uint64_t kMaxMetadataBytes = 64ULL * 1024 * 1024;

StatusOr<std::string> ReadMetadata(const FileReader& files, const std::string& public_folder,
                                   const tuf::RoleName& role, tuf::Version version);

// The bytes of "signed" in {"signatures":[...],"signed":...}; DataLoss for another form.
StatusOr<std::string> SignedPartOf(std::string_view file);

}  // namespace rind::delegation_manager
