// What `rind status` shows.
//
// Promise: reads only; a service that can't be reached is a line, not an error.
// Threading: thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct RoleLine {
  std::string role;
  std::int64_t version = 0;
  absl::Time expires;
  std::uint32_t threshold = 1;
  std::vector<std::string> key_ids;
  std::string signed_by;
  std::uint32_t count = 1;
};

struct ServiceLine {
  std::string name;
  bool serving = false;
  std::string detail;
};

struct SystemStatus {
  bool created = false;
  std::string repository;
  std::uint32_t bins = 0;
  std::string profile;
  std::vector<RoleLine> roles;
  std::vector<ServiceLine> services;
  Counts counts;
  std::string next_action;
  absl::Time next_action_time = absl::InfiniteFuture();
  absl::Time next_ceremony = absl::InfiniteFuture();
  std::string next_ceremony_role;
  std::map<std::string, std::uint64_t> claims;
  std::map<std::string, std::uint64_t> refusals;
  absl::Time now;
  std::string last_error;
};

class StatusReporter {
 public:
  virtual ~StatusReporter() = default;
  virtual StatusOr<SystemStatus> Get() = 0;
};

}  // namespace rind::delegation_manager
