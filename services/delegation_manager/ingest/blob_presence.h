// Whether the content of a file is in volume `blobs`.
//
// Promise: looks at presence and length only; the content was hashed when it came in, and `check`
// reads it again.
// Threading: thread-safe when the file system is.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::delegation_manager {

// The length of the blob with this content; NotFound when there is none.
StatusOr<std::uint64_t> BlobLengthOf(const FileReader& files, const std::string& blobs_folder,
                                     const Sha256Digest& sha256);

}  // namespace rind::delegation_manager
