// The client bundle: what a verifying client starts from (docs/configuration.md).
//
// Promise: written whole or not at all; what is read has been held against the digest that it
// names. Threading: pure functions over the given file system.
#pragma once

#include <string>

#include "common/base/file_system.h"
#include "common/base/status.h"

namespace rind::cli {

struct Bundle {
  std::string root;         // 1.root.json
  std::string root_sha256;  // hexadecimal
  std::string repository;
  std::string mirror;  // URL with a final slash
};

// FailedPrecondition when the root is not what its digest says.
Status WriteBundle(FileSystem& files, const std::string& folder, const Bundle& bundle);
// InvalidArgument when it can't be read or is damaged, with what to do.
StatusOr<Bundle> ReadBundle(const FileReader& files, const std::string& folder);

}  // namespace rind::cli
