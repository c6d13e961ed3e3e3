// `pending`, `review ID` and `approve ID`: what a holder types on the offline signer's own host.
//
// Promise: approve shows the review first and sends the digest of what it showed, so exactly that
// is signed; it asks, and only "yes" is yes (--yes for those who reviewed before). Threading: one
// thread.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/runtime/config.h"
#include "common/runtime/service_main.h"

namespace rind::offline_signer {

Status PendingCommand(runtime::Config& config, const runtime::Environment& environment,
                      const std::vector<std::string>& arguments);
Status ReviewCommand(runtime::Config& config, const runtime::Environment& environment,
                     const std::vector<std::string>& arguments);
Status ApproveCommand(runtime::Config& config, const runtime::Environment& environment,
                      const std::vector<std::string>& arguments);

}  // namespace rind::offline_signer
