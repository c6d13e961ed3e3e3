// The delegation manager's config file, as values.
//
// Promise: docs/configuration.md; every problem is named with file and key.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "common/rpc/server.h"
#include "common/runtime/config.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/publisher_loop.h"

namespace rind::delegation_manager {

struct ManagerConfig {
  rpc::ServerOptions server;
  std::string repository;
  std::uint32_t bins = 256;
  Profile profile = Profile::kDefault;
  std::string database, public_folder, blobs_folder;
  std::string release_signer, content_signer, offline_signer;  // addresses
  PublisherLoopOptions loop;
  bool plain_mirror = false;
};

// Ends with Finish().
StatusOr<ManagerConfig> ReadConfig(runtime::Config& config);

}  // namespace rind::delegation_manager
