// Claims between their messages and the values of state/records.h.
//
// Promise: only *_service.cc include this; signatures of other than 64 bytes are refused here.
// Threading: pure functions.
#pragma once

#include "services/delegation_manager/state/records.h"

#include "rind/common/v1/common.pb.h"

namespace rind::delegation_manager {

StatusOr<SignedClaim> FromMessage(const ::rind::common::v1::ClaimAuthorisation& message);
void ToMessage(const SignedClaim& claim, ::rind::common::v1::ClaimAuthorisation& message);

}  // namespace rind::delegation_manager
