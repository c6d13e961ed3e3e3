// rind-offline-signer's config: docs/configuration.md, "offline-signer".
//
// Promise: read strictly; paths are absolute or relative to the config file.
// Threading: plain values.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/server.h"
#include "common/runtime/config.h"
#include "common/signer_home/keys_config.h"

namespace rind::offline_signer {

struct SignerConfig {
  rpc::ServerOptions server;
  std::string repository;
  signer_home::KeysConfig keys;
  std::string ledger_folder;
  bool demo_bootstrap = false;
  // With a demo bootstrap: a file that is there once the repository is made. Empty: nobody says so.
  std::string bootstrap_done_file;
  std::string claims_officer_key_file;
  std::string approval_socket;
};

// Every problem at once, one line each.
StatusOr<SignerConfig> ReadConfig(runtime::Config& config);

// "claimed", "root", "targets", "unclaimed".
std::vector<std::string> KeyRoles();

}  // namespace rind::offline_signer
