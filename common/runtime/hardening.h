// What a process gives up at its start.
//
// Promise: no core dumps, no tracing by others of the same user, no file that others can read
// beyond `umask`, libsodium ready, the termination signals blocked in every thread made later.
// Threading: called once, before any thread starts.
#pragma once

#include <csignal>

#include "common/base/status.h"

namespace rind::runtime {

struct Hardened {
  sigset_t termination;  // SIGTERM and SIGINT, blocked: wait for them with sigtimedwait
};

StatusOr<Hardened> HardenProcess(unsigned umask);

}  // namespace rind::runtime
