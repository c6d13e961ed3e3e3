// How long each role's documents live, by profile.
//
// Promise: ARCHITECTURE.md section 3. Offline roles are staggered by weeks, so that no two
// ceremonies fall due on one day.
// Threading: pure functions.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/tuf/model/role_name.h"

namespace rind::delegation_manager {

enum class Profile { kDefault, kPep458, kRelaxed };

StatusOr<Profile> ParseProfile(std::string_view name);
std::string_view NameOf(Profile profile);

// Of a new document of `role`; bins are asked for by the name of any bin.
absl::Duration LifetimeOf(const tuf::RoleName& role, Profile profile);
// When less than this is left, an online role is signed anew: a third of its lifetime.
absl::Duration RenewWhenLeft(const tuf::RoleName& role, Profile profile);
// Whether an online signer signs it: timestamp, snapshot, recently-claimed, bins.
bool IsOnline(const tuf::RoleName& role);

}  // namespace rind::delegation_manager
