#include "common/tuf/build/build.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/text.h"

namespace rind::tuf {
namespace {

constexpr std::string_view kProjectPrefix = "project.";

// Our own names are valid: they are fixed, or made of a normalised project name.
RoleName OwnName(std::string_view text) { return *RoleName::Parse(text); }

RoleKeys Register(const RoleSigners& signers, KeyMap& keys) {
  RoleKeys role{.key_ids = {}, .threshold = signers.threshold};
  for (const PublicKey& key : signers.keys) {
    KeyId id = KeyId::Of(key);
    keys.emplace(id, Key::Of(key));
    role.key_ids.push_back(std::move(id));
  }
  std::sort(role.key_ids.begin(), role.key_ids.end());
  return role;
}

std::vector<std::string> ProjectPatterns(std::string_view project) {
  return {Cat("simple/", project, "/*"), Cat("files/", project, "/*")};
}

}  // namespace

RoleName ClaimedRole() { return OwnName("claimed"); }
RoleName RecentlyClaimedRole() { return OwnName("recently-claimed"); }
RoleName UnclaimedRole() { return OwnName("unclaimed"); }
RoleName ProjectRole(std::string_view normalised_project) {
  return OwnName(Cat(kProjectPrefix, normalised_project));
}

std::string_view ProjectOf(const RoleName& role) {
  const std::string_view text = role.text();
  if (!text.starts_with(kProjectPrefix)) return {};
  const std::string_view project = text.substr(kProjectPrefix.size());
  // "project.NAME.x" is a role of the project's own: a normalised name has no dot.
  return project.find('.') == std::string_view::npos ? project : std::string_view();
}

Root BuildRoot(const RootPlan& plan) {
  Root root{.header = plan.header, .consistent_snapshot = true, .keys = {}, .roles = {}};
  const std::pair<TopLevelRole, const RoleSigners*> rows[] = {
      {TopLevelRole::kRoot, &plan.root},
      {TopLevelRole::kTargets, &plan.targets},
      {TopLevelRole::kSnapshot, &plan.snapshot},
      {TopLevelRole::kTimestamp, &plan.timestamp}};
  for (const auto& [role, signers] : rows) root.roles.emplace(role, Register(*signers, root.keys));
  return root;
}

Targets BuildTopTargets(const Header& header, const RoleSigners& claimed,
                        const RoleSigners& recently_claimed, const RoleSigners& unclaimed) {
  Delegations delegations;
  std::vector<DelegatedRole> roles;
  const std::vector<std::string> everything = {"simple/*/*", "files/*/*"};
  std::vector<std::string> with_lists = everything;
  with_lists.insert(with_lists.end(), {"simple/index.html", "simple/index.json"});

  // The order is the order of the search: a claim is asked before any bin.
  const auto add = [&](RoleName name, const RoleSigners& signers, std::vector<std::string> paths) {
    roles.push_back({.name = std::move(name),
                     .keys = Register(signers, delegations.keys),
                     .terminating = false,
                     .paths = PathPatterns{std::move(paths)}});
  };
  add(ClaimedRole(), claimed, everything);
  add(RecentlyClaimedRole(), recently_claimed, everything);
  add(UnclaimedRole(), unclaimed, std::move(with_lists));
  delegations.roles = std::move(roles);
  return {.header = header, .targets = {}, .delegations = std::move(delegations)};
}

Targets BuildClaims(const Header& header, std::vector<ClaimedProject> projects) {
  std::sort(projects.begin(), projects.end(),
            [](const auto& a, const auto& b) { return a.project < b.project; });
  Delegations delegations;
  std::vector<DelegatedRole> roles;
  roles.reserve(projects.size());
  for (const ClaimedProject& claim : projects) {
    roles.push_back({.name = ProjectRole(claim.project),
                     .keys = Register(claim.signers, delegations.keys),
                     .terminating = true,
                     .paths = PathPatterns{ProjectPatterns(claim.project)}});
  }
  delegations.roles = std::move(roles);
  return {.header = header, .targets = {}, .delegations = std::move(delegations)};
}

StatusOr<std::vector<ClaimedProject>> ReadClaims(const Targets& document) {
  if (!document.delegations) {
    return InvalidArgument("claims: found no delegations member, wanted one (it may be empty)");
  }
  const auto* roles = std::get_if<std::vector<DelegatedRole>>(&document.delegations->roles);
  if (roles == nullptr) return InvalidArgument("claims: found succinct roles, wanted projects");
  std::vector<ClaimedProject> projects;
  for (const DelegatedRole& role : *roles) {
    const std::string_view project = ProjectOf(role.name);
    if (project.empty()) {
      return InvalidArgument(Cat("claims: found a delegation to ", Printable(role.name.text()),
                                 ", wanted project.NAME"));
    }
    ClaimedProject claim{.project = std::string(project), .signers = {}};
    claim.signers.threshold = role.keys.threshold;
    for (const KeyId& id : role.keys.key_ids) {
      const auto key = document.delegations->keys.find(id);
      if (key == document.delegations->keys.end() || !key->second.verifier) {
        return InvalidArgument(Cat("claims: ", role.name.text(), " names key ",
                                   Printable(id.text()),
                                   ", which is not there or of no known type"));
      }
      claim.signers.keys.push_back(*key->second.verifier);
    }
    projects.push_back(std::move(claim));
  }
  // What else could be in the document (targets, other patterns, a missing terminating bit, foreign
  // key ids, another order) would make it differ from the one that we build from the same claims.
  if (BuildClaims(document.header, projects) != document) {
    return InvalidArgument(
        "claims: found more or other than one terminating delegation per project, sorted, with the "
        "patterns simple/NAME/* and files/NAME/*");
  }
  return projects;
}

Targets BuildUnclaimed(const Header& header, const RoleSigners& bins, int bit_length) {
  Delegations delegations;
  RoleKeys keys = Register(bins, delegations.keys);
  // Bit lengths come from a checked config, 4 to 15.
  delegations.roles = *SuccinctRoles::Create(std::move(keys), bit_length, std::string(kBinPrefix));
  return {.header = header, .targets = {}, .delegations = std::move(delegations)};
}

}  // namespace rind::tuf
