// What the gateway is told: its config file, and the client bundle that it names.
//
// Promise: checked whole at start.
// Threading: immutable values.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/runtime/config.h"

namespace rind::gateway {

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string bundle;
  std::string mirror;      // "": the bundle's
  std::string public_url;  // what people are told to use; "": the address it listens on
  std::string ca_file;
  absl::Duration refresh = absl::Seconds(60);
  std::string cache;
  std::uint64_t cache_bytes = 10ULL << 30U;

  std::string HostInUrl() const;
};

// All problems at once (runtime::Config::Finish()).
StatusOr<Settings> ReadSettings(runtime::Config& config);
// What `health` does: asks the running gateway's /-/health.
Status AskHealth(runtime::Config& config);

// The client bundle (docs/configuration.md).
struct Bundle {
  std::string root;         // bytes of root.json
  std::string root_sha256;  // as announced, and as found
  std::string repository;
  std::string mirror;
};
// FailedPrecondition with what to do when it is not there, damaged, or not what its digest says.
StatusOr<Bundle> LoadBundle(const FileReader& files, const std::string& folder);

}  // namespace rind::gateway
