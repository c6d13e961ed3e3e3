// client.toml: where the services of a repository are, and who we are to them.
//
// Promise: strict, as every config of rind; paths are absolute or as given relative to the file.
// Threading: plain values.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/rpc/server.h"

namespace rind::cli {

struct ClientSettings {
  std::string file;  // where it was read from
  rpc::TlsFiles tls;
  std::string manager;  // address:port
  std::string syncer;
  std::string mirror;  // URL with a final slash
  std::string gateway;
  std::string bundle;  // folder
  std::string cache;   // folder
};

StatusOr<ClientSettings> LoadClientSettings(const std::string& file);

}  // namespace rind::cli
