// Whether a document is signed by enough of the right keys.
//
// Promise: counts distinct public keys, not key ids and not signatures (SECURITY.md C-02). A
// signature by an unknown key is ignored.
// Threading: pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "common/tuf/model/documents.h"

namespace rind::tuf {

// OK when at least `role.threshold` distinct keys of `role.key_ids`, found in `keys`, signed
// `canonical`. Otherwise Rejection::kUnsigned with role, wanted and found.
Status VerifyThreshold(const RoleName& name, const RoleKeys& role, const KeyMap& keys,
                       std::string_view canonical, const std::vector<Signature>& signatures);

}  // namespace rind::tuf
