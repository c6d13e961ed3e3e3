// The offline signer as a service: it runs while a ceremony runs.
//
// Promise: signs what a person approved on this host; after a demo bootstrap it stops by itself.
// Threading: thread-safe.
#pragma once

#include "common/runtime/service_main.h"

namespace rind::offline_signer {

runtime::ServiceSpec Spec();

}  // namespace rind::offline_signer
