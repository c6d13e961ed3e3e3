// The online signer as a service: run twice, as release-signer and as content-signer.
//
// Promise: serves once its keys are unlocked and its ledger is whole; never makes either by itself.
// Threading: thread-safe.
#pragma once

#include "common/runtime/service_main.h"

namespace rind::online_signer {

runtime::ServiceSpec Spec();

}  // namespace rind::online_signer
