// A role that a signer refused in a release, and that kept its last version.
//
// Threading: plain values, pure functions.
#pragma once

#include <string>
#include <vector>

#include "common/tuf/model/role_name.h"
#include "common/tuf/model/version.h"

namespace rind::delegation_manager {

struct RefusedRole {
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  tuf::Version version = tuf::Version::First();  // that was asked for
  std::string rule;                              // S-06
  std::string text;                              // the signer's, for people
  bool operator==(const RefusedRole&) const = default;
};

// "S-06: bin-3 v7: no evidence", one after another; "" for none.
std::string Describe(const RefusedRole& refused);
std::string Describe(const std::vector<RefusedRole>& refused);

}  // namespace rind::delegation_manager
