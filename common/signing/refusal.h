// What a rule refused, as an error value.
//
// Promise: FailedPrecondition that carries the rule's ID (SECURITY.md S-01 to S-12, P-05); the
// message has role, version, found and wanted. An error without a rule is a failure of the signer
// itself (a disk, a bug) and ends the whole call.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::signing {

Status Refuse(std::string_view rule, std::string_view message);
// The rule that `status` names; "" when it is no refusal.
std::string RuleOf(const Status& status);
// OK stays OK; an error that is no refusal yet becomes one of `rule`, with "context: " before it.
Status RefuseIfError(const Status& status, std::string_view rule, std::string_view context);

}  // namespace rind::signing
