#include "services/delegation_manager/publish/lifetimes.h"

#include <array>
#include <string>

#include "common/base/text.h"
#include "common/tuf/build/build.h"

namespace rind::delegation_manager {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr std::array kProfiles = {Profile::kDefault, Profile::kPep458, Profile::kRelaxed};

bool IsBin(const tuf::RoleName& role) { return role.text().starts_with(Cat(tuf::kBinPrefix, "-")); }

}  // namespace

StatusOr<Profile> ParseProfile(std::string_view name) {
  for (const Profile profile : kProfiles) {
    if (NameOf(profile) == name) return profile;
  }
  return InvalidArgument(Cat("profile '", Printable(name), "': wanted default, pep458 or relaxed"));
}

std::string_view NameOf(Profile profile) {
  switch (profile) {
    case Profile::kDefault:
      return "default";
    case Profile::kPep458:
      return "pep458";
    case Profile::kRelaxed:
      return "relaxed";
  }
  return "";
}

absl::Duration LifetimeOf(const tuf::RoleName& role, Profile profile) {
  const std::string& name = role.text();
  if (name == "timestamp") return profile == Profile::kRelaxed ? 7 * kDay : kDay;
  if (name == "snapshot" || IsBin(role)) return profile == Profile::kPep458 ? kDay : 7 * kDay;
  if (role == tuf::RecentlyClaimedRole()) return 7 * kDay;
  if (name == "root") return 365 * kDay;
  if (name == "targets") return 351 * kDay;
  if (role == tuf::UnclaimedRole()) return 337 * kDay;
  return 323 * kDay;  // claimed, the one that changes most often
}

absl::Duration RenewWhenLeft(const tuf::RoleName& role, Profile profile) {
  return LifetimeOf(role, profile) / 3;
}

bool IsOnline(const tuf::RoleName& role) {
  const std::string& name = role.text();
  return name == "timestamp" || name == "snapshot" || role == tuf::RecentlyClaimedRole() ||
         IsBin(role);
}

}  // namespace rind::delegation_manager
