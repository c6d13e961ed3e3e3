// S-08 and S-09 for the documents of the offline signer. A person reads and approves them too;
// these rules hold what no person should have to notice.

#include <map>
#include <utility>

#include "common/base/text.h"
#include "common/signing/refusal.h"
#include "common/signing/rules.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/encode.h"

namespace rind::signing {
namespace {

using tuf::RoleName;

// S-09: no key stands in two of `roles`, nor in a role other than its own here.
Status CheckDistinct(std::string_view who, const std::map<std::string, tuf::RoleSigners>& roles,
                     const Policy& policy) {
  std::map<std::string, std::string> owner;
  for (const auto& [role, key] : policy.own_keys) owner[key.identity()] = role;
  for (const auto& [role, signers] : roles) {
    for (const PublicKey& key : signers.keys) {
      const auto [at, fresh] = owner.emplace(key.identity(), role);
      if (!fresh && at->second != role) {
        return Refuse("S-09", Cat(who, ": one key for ", role, " and for ", at->second));
      }
    }
  }
  return OkStatus();
}

// S-09: version 1 names this signer's own key for `role`: what it signs must be able to verify.
Status CheckNamesOwn(std::string_view who, const std::string& role, const tuf::RoleSigners& signers,
                     const Policy& policy) {
  const auto own = policy.own_keys.find(role);
  if (own == policy.own_keys.end()) return OkStatus();
  for (const PublicKey& key : signers.keys) {
    if (key == own->second) return OkStatus();
  }
  return Refuse("S-09", Cat(who, ": does not name this signer's own key for ", role));
}

bool IsFirst(const tuf::Header& header) { return header.version == tuf::Version::First(); }

}  // namespace

StatusOr<tuf::RoleSigners> SignersOf(std::string_view who, const tuf::RoleKeys& role,
                                     const tuf::KeyMap& keys) {
  tuf::RoleSigners signers = {{}, role.threshold};
  for (const tuf::KeyId& id : role.key_ids) {
    const auto key = keys.find(id);
    if (key == keys.end() || !key->second.verifier.has_value()) {
      return Refuse("S-08", Cat(who, ": key ", id.text().substr(0, 8), " can't verify anything"));
    }
    if (tuf::KeyId::Of(*key->second.verifier) != id) {
      return Refuse("S-08", Cat(who, ": key ", id.text().substr(0, 8), " has the id of another"));
    }
    signers.keys.push_back(*key->second.verifier);
  }
  if (signers.keys.size() < static_cast<std::size_t>(role.threshold.value())) {
    return Refuse("S-08", Cat(who, ": threshold ", role.threshold.value(), " of ",
                              signers.keys.size(), " keys"));
  }
  return signers;
}

Status JudgeRoot(std::string_view who, const tuf::Root& proposed, const Policy& policy) {
  std::map<std::string, tuf::RoleSigners> roles;
  for (const auto& [role, keys] : proposed.roles) {
    const std::string name(tuf::NameOf(role));
    RIND_ASSIGN_OR_RETURN(auto signers, SignersOf(Cat(who, ": ", name), keys, proposed.keys));
    roles.emplace(name, std::move(signers));
  }
  RIND_RETURN_IF_ERROR(CheckDistinct(who, roles, policy));
  if (!proposed.consistent_snapshot) {
    return Refuse("S-08", Cat(who, ": consistent_snapshot is false"));
  }
  if (!IsFirst(proposed.header)) return OkStatus();
  RIND_RETURN_IF_ERROR(CheckNamesOwn(who, "root", roles.at("root"), policy));
  return CheckNamesOwn(who, "targets", roles.at("targets"), policy);
}

Status JudgeTopTargets(std::string_view who, const tuf::Targets& proposed, const Policy& policy) {
  std::map<std::string, tuf::RoleSigners> roles;
  const auto& delegations = proposed.delegations;
  for (const RoleName& role :
       {tuf::ClaimedRole(), tuf::RecentlyClaimedRole(), tuf::UnclaimedRole()}) {
    const tuf::RoleKeys* keys = delegations.has_value() ? delegations->KeysFor(role) : nullptr;
    if (keys == nullptr) {
      return Refuse("S-08", Cat(who, ": does not delegate to ", role.text()));
    }
    RIND_ASSIGN_OR_RETURN(auto signers,
                          SignersOf(Cat(who, ": ", role.text()), *keys, delegations->keys));
    roles.emplace(role.text(), std::move(signers));
  }
  RIND_RETURN_IF_ERROR(CheckDistinct(who, roles, policy));
  const tuf::Targets wanted = tuf::BuildTopTargets(
      proposed.header, roles.at("claimed"), roles.at("recently-claimed"), roles.at("unclaimed"));
  if (tuf::EncodeCanonical(wanted) != tuf::EncodeCanonical(proposed)) {
    return Refuse("S-08", Cat(who,
                              ": is not exactly the delegations to claimed, recently-claimed "
                              "and unclaimed, in this order, none terminating"));
  }
  if (!IsFirst(proposed.header)) return OkStatus();
  RIND_RETURN_IF_ERROR(CheckNamesOwn(who, "claimed", roles.at("claimed"), policy));
  return CheckNamesOwn(who, "unclaimed", roles.at("unclaimed"), policy);
}

Status JudgeUnclaimed(std::string_view who, const tuf::Targets& proposed, const Policy& policy) {
  const tuf::SuccinctRoles* bins =
      proposed.delegations.has_value()
          ? std::get_if<tuf::SuccinctRoles>(&proposed.delegations->roles)
          : nullptr;
  if (bins == nullptr || bins->bit_length() < 4 || bins->bit_length() > 15) {
    return Refuse("S-08", Cat(who, ": wanted succinct bins, 2^4 to 2^15 of them"));
  }
  RIND_ASSIGN_OR_RETURN(const auto signers,
                        SignersOf(who, bins->keys(), proposed.delegations->keys));
  RIND_RETURN_IF_ERROR(CheckDistinct(who, {{"bins", signers}}, policy));
  if (tuf::EncodeCanonical(tuf::BuildUnclaimed(proposed.header, signers, bins->bit_length())) !=
      tuf::EncodeCanonical(proposed)) {
    return Refuse("S-08", Cat(who, ": is not exactly the delegation to its bins"));
  }
  return OkStatus();
}

}  // namespace rind::signing
