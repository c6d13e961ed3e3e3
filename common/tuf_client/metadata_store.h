// Trusted metadata on disk: <role>.json, byte for byte as received.
//
// Promise: a file is replaced in one step; no name from metadata becomes a path unencoded
// (SECURITY.md C-05). Threading: one thread at a time; Lock() excludes other processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/tuf/model/role_name.h"

namespace rind::tuf_client {

class MetadataStore {
 public:
  // `files` must outlive the store.
  MetadataStore(FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  // The folder and a lock on it.
  StatusOr<FileLock> Lock(absl::Duration patience);
  // NotFound when there is none.
  StatusOr<std::string> Load(const tuf::RoleName& role, std::uint64_t max_bytes) const;
  Status Store(const tuf::RoleName& role, std::string_view bytes);
  // OK when there is none.
  Status Remove(const tuf::RoleName& role);

 private:
  // Nothing for a name that is too long for a file: it is fetched anew each time.
  std::string PathOf(const tuf::RoleName& role) const;

  FileSystem& files_;
  const std::string folder_;
};

}  // namespace rind::tuf_client
