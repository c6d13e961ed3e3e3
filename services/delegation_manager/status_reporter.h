// Gathers what `rind status` shows from the store, the published documents and the signers.
//
// Promise: status.h.
// Threading: thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/delegation_manager/publish/next_action.h"
#include "services/delegation_manager/status.h"

namespace rind::delegation_manager {

struct HealthProbe {
  std::string name;
  std::function<Status()> ask;
  bool may_be_stopped = false;  // the offline signer: stopped, by design
};

struct StatusSources {
  std::string repository;
  std::uint32_t configured_bins = 0;
  StateStore& state;
  DocumentSigner& content_signer;
  DocumentSigner& release_signer;
  std::vector<HealthProbe> probes;
  std::function<NextAction()> next_action;
  std::function<std::string()> last_error;
  const Clock& clock;
};

std::unique_ptr<StatusReporter> MakeStatusReporter(StatusSources sources);

}  // namespace rind::delegation_manager
