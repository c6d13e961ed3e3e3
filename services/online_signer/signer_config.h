// rind-online-signer's config: docs/configuration.md, "release-signer and content-signer".
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
#include "common/signing/policy.h"

namespace rind::online_signer {

struct SignerConfig {
  rpc::ServerOptions server;
  std::string repository;
  signing::SignerKind kind = signing::SignerKind::kContent;
  signer_home::KeysConfig keys;
  std::string ledger_folder;
  std::string profile;
  std::vector<std::string> evidence_key_files;
  int evidence_threshold = 1;
  int bin_bits = 0;
  std::string claims_officer_key_file;
  std::vector<std::string> receipt_key_files;
  std::string receipt_key_out;
};

// Every problem at once, one line each.
StatusOr<SignerConfig> ReadConfig(runtime::Config& config);

// The names of the keys that such a signer holds: "timestamp" and "snapshot", or
// "recently-claimed" and "bins".
std::vector<std::string> KeyRoles(signing::SignerKind kind);

}  // namespace rind::online_signer
