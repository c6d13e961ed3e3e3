// The settings of a mirror-syncer (docs/configuration.md).
//
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/pypi/project_name.h"
#include "common/rpc/server.h"
#include "common/runtime/config.h"

namespace rind::mirror_syncer {

struct SyncerConfig {
  std::string listen;
  rpc::TlsFiles tls;
  rpc::CallerTable callers;
  std::string repository;
  std::string index;
  std::string ca_file;
  std::string proxy;
  std::string credentials_file;
  bool allow_private_addresses = false;
  std::vector<pypi::ProjectName> projects;
  int newest_releases = 3;
  absl::Duration every;
  int parallel = 8;
  std::string blobs;
  std::string state;
  std::string evidence_key;
  std::string evidence_public_key;
  std::string manager;
};

// Every problem of the file as one InvalidArgument.
StatusOr<SyncerConfig> ReadConfig(runtime::Config& config);

}  // namespace rind::mirror_syncer
