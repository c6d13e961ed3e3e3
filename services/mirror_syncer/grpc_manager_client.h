// The delegation manager over gRPC.
//
// Promise: every call has a deadline; proto types go no further than this file's .cc.
// Threading: thread-safe.
#pragma once

#include <memory>

#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "services/mirror_syncer/manager_client.h"

namespace rind::mirror_syncer {

StatusOr<std::unique_ptr<ManagerClient>> ConnectToManager(const rpc::PeerOptions& peer);

}  // namespace rind::mirror_syncer
