// The delegation manager as a service: what its main() runs.
//
// Threading: Spec() is a pure function.
#pragma once

#include "common/runtime/service_main.h"

namespace rind::delegation_manager {

runtime::ServiceSpec Spec();

}  // namespace rind::delegation_manager
