// The gateway as a service: its config, its start, its READY line.
//
// Promise: refuses to start without a bundle whose root has the announced digest (no trust on first
// use), and on any address but loopback unless told otherwise.
// Threading: called once.
#pragma once

#include "common/runtime/service_main.h"

namespace rind::gateway {

runtime::ServiceSpec Spec();

}  // namespace rind::gateway
