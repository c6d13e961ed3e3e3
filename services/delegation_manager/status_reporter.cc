#include "services/delegation_manager/status_reporter.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/base/text.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/decode.h"
#include "services/delegation_manager/publish/bin_document.h"
#include "services/delegation_manager/publish/lifetimes.h"

namespace rind::delegation_manager {
namespace {

using tuf::RoleName;
using tuf::TopLevelRole;

// People need some days to come together before an offline role expires.
constexpr absl::Duration kCeremonyMargin = absl::Hours(24 * 3);

std::string SignedBy(const RoleName& role) {
  const std::string& name = role.text();
  if (name == "snapshot" || name == "timestamp") return "release-signer";
  if (IsOnline(role)) return "content-signer";
  if (!tuf::ProjectOf(role).empty()) return "developers";
  return "offline-signer";
}

void PutKeys(RoleLine& line, const tuf::RoleKeys& keys) {
  line.threshold = static_cast<std::uint32_t>(keys.threshold.value());
  for (const tuf::KeyId& id : keys.key_ids) line.key_ids.push_back(id.text());
}

// Which keys sign for each role that the root, targets and unclaimed name.
class KeyDirectory {
 public:
  static StatusOr<KeyDirectory> Read(Tables& tables) {
    KeyDirectory directory;
    RIND_ASSIGN_OR_RETURN(const std::string root, tables.roles.File(TopLevelRole::kRoot));
    RIND_ASSIGN_OR_RETURN(const auto decoded, tuf::DecodeRoot(root));
    for (const auto& [role, keys] : decoded.document.roles) {
      directory.keys_.emplace(RoleName(role), keys);
    }
    RIND_RETURN_IF_ERROR(directory.ReadDelegations(tables, TopLevelRole::kTargets));
    RIND_RETURN_IF_ERROR(directory.ReadDelegations(tables, tuf::UnclaimedRole()));
    return directory;
  }

  const tuf::RoleKeys* Find(const RoleName& role) const {
    const auto found = keys_.find(role);
    if (found != keys_.end()) return &found->second;
    return BinOfRole(role) && bins_ ? &*bins_ : nullptr;
  }

 private:
  Status ReadDelegations(Tables& tables, const RoleName& role) {
    RIND_ASSIGN_OR_RETURN(const std::string file, tables.roles.File(role));
    RIND_ASSIGN_OR_RETURN(const auto decoded, tuf::DecodeTargets(file));
    const auto& delegations = decoded.document.delegations;
    if (!delegations) return OkStatus();
    if (const auto* succinct = std::get_if<tuf::SuccinctRoles>(&delegations->roles)) {
      bins_ = succinct->keys();
      return OkStatus();
    }
    for (const auto& one : std::get<std::vector<tuf::DelegatedRole>>(delegations->roles)) {
      keys_.emplace(one.name, one.keys);
    }
    return OkStatus();
  }

  std::map<RoleName, tuf::RoleKeys> keys_;
  std::optional<tuf::RoleKeys> bins_;
};

// One row for all bins and one for all projects: the soonest to expire.
void Merge(RoleLine& row, const RoleRecord& role) {
  if (row.count++ == 0 || role.expires < row.expires) {
    row.version = role.version.value();
    row.expires = role.expires;
  }
}

int Place(const std::string& role) {
  constexpr std::array<std::string_view, 9> kOrder = {"root",      "targets",          "claimed",
                                                      "unclaimed", "recently-claimed", "bins",
                                                      "projects",  "snapshot",         "timestamp"};
  const auto* const found = std::find(kOrder.begin(), kOrder.end(), role);
  return static_cast<int>(found - kOrder.begin());
}

StatusOr<std::vector<RoleLine>> RoleLines(Tables& tables) {
  std::vector<RoleLine> lines;
  RIND_ASSIGN_OR_RETURN(const std::vector<RoleRecord> roles, tables.roles.All());
  if (roles.empty()) return lines;
  RIND_ASSIGN_OR_RETURN(const KeyDirectory keys, KeyDirectory::Read(tables));
  RoleLine bins, projects;
  bins.count = projects.count = 0;
  for (const RoleRecord& role : roles) {
    if (BinOfRole(role.name)) {
      if (bins.count == 0) {
        bins.role = "bins";
        bins.signed_by = SignedBy(role.name);
        if (const auto* found = keys.Find(role.name)) PutKeys(bins, *found);
      }
      Merge(bins, role);
      continue;
    }
    if (!tuf::ProjectOf(role.name).empty()) {
      projects.role = "projects";
      projects.signed_by = SignedBy(role.name);
      Merge(projects, role);
      continue;
    }
    RoleLine line;
    line.role = role.name.text();
    line.version = role.version.value();
    line.expires = role.expires;
    line.signed_by = SignedBy(role.name);
    if (const auto* found = keys.Find(role.name)) PutKeys(line, *found);
    lines.push_back(std::move(line));
  }
  if (bins.count > 0) lines.push_back(std::move(bins));
  if (projects.count > 0) lines.push_back(std::move(projects));
  std::stable_sort(lines.begin(), lines.end(), [](const RoleLine& a, const RoleLine& b) {
    return Place(a.role) < Place(b.role);
  });
  return lines;
}

class StoreStatusReporter final : public StatusReporter {
 public:
  explicit StoreStatusReporter(StatusSources sources) : sources_(std::move(sources)) {}

  StatusOr<SystemStatus> Get() override {
    SystemStatus status;
    status.repository = sources_.repository;
    status.now = sources_.clock.Now();
    RIND_RETURN_IF_ERROR(
        sources_.state.Transact([&](Tables& tables) { return ReadTables(tables, status); }));
    for (const RoleLine& line : status.roles) {
      if (line.signed_by != "offline-signer") continue;
      if (line.expires - kCeremonyMargin >= status.next_ceremony) continue;
      status.next_ceremony = line.expires - kCeremonyMargin;
      status.next_ceremony_role = line.role;
    }
    for (const HealthProbe& probe : sources_.probes) status.services.push_back(Ask(probe));
    for (DocumentSigner* signer : {&sources_.content_signer, &sources_.release_signer}) {
      const auto state = signer->GetState({});
      if (!state.ok()) continue;  // its line among the services says so
      for (const auto& [rule, count] : state->refusals) status.refusals[rule] += count;
    }
    const NextAction next = sources_.next_action();
    status.next_action = next.text;
    status.next_action_time = next.when;
    status.last_error = sources_.last_error();
    return status;
  }

 private:
  Status ReadTables(Tables& tables, SystemStatus& status) {
    RIND_ASSIGN_OR_RETURN(status.roles, RoleLines(tables));
    status.created = !status.roles.empty();
    RIND_ASSIGN_OR_RETURN(const std::uint32_t bins, tables.bins.Count());
    status.bins = bins == 0 ? sources_.configured_bins : bins;
    RIND_ASSIGN_OR_RETURN(const auto profile, tables.settings.Find(kSettingProfile));
    status.profile = profile.value_or("");
    RIND_ASSIGN_OR_RETURN(status.counts, tables.projects.Count());
    RIND_ASSIGN_OR_RETURN(const std::vector<Claim> claims, tables.claims.List(std::nullopt));
    for (const Claim& claim : claims) ++status.claims[std::string(NameOf(claim.state))];
    return OkStatus();
  }

  static ServiceLine Ask(const HealthProbe& probe) {
    const Status health = probe.ask();
    if (health.ok()) return {probe.name, true, ""};
    if (probe.may_be_stopped) return {probe.name, false, "stopped, by design"};
    return {probe.name, false, std::string(MessageOf(health))};
  }

  const StatusSources sources_;
};

}  // namespace

std::unique_ptr<StatusReporter> MakeStatusReporter(StatusSources sources) {
  return std::make_unique<StoreStatusReporter>(std::move(sources));
}

}  // namespace rind::delegation_manager
