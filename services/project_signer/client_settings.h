// client.toml as a developer's tool reads it: where the manager is, and who we are to it.
//
// Promise: strict, as every config of rind: the keys are those of docs/configuration.md.
// Threading: plain values.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/rpc/server.h"

namespace rind::project_signer {

struct ClientSettings {
  rpc::TlsFiles tls;
  std::string manager;  // address:port
};

// `file` empty: RIND_CONFIG, ./.rind/client.toml or ~/.config/rind/client.toml, the first that is
// there; NotFound names them all.
StatusOr<ClientSettings> LoadClientSettings(std::string file);

}  // namespace rind::project_signer
