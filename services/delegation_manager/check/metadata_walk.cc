#include "services/delegation_manager/check/metadata_walk.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/verify/verify.h"

namespace rind::delegation_manager {
namespace {

// So many leaves are kept in memory before the copy of the trusted set is dropped.
constexpr int kBatch = 256;

std::string What(const std::string& name) { return Cat("metadata/", name); }

bool MayDelegate(const tuf::RoleName& role) {
  return tuf::ProjectOf(role).empty() && role.text().substr(0, 4) != Cat(tuf::kBinPrefix, "-");
}

std::vector<tuf::RoleName> ChildrenOf(const tuf::Delegations& delegations) {
  std::vector<tuf::RoleName> children;
  if (const auto* bins = std::get_if<tuf::SuccinctRoles>(&delegations.roles)) {
    children.reserve(bins->BinCount());
    for (std::uint64_t bin = 0; bin < bins->BinCount(); ++bin) {
      children.push_back(bins->BinName(bin));
    }
    return children;
  }
  for (const auto& role : std::get<std::vector<tuf::DelegatedRole>>(delegations.roles)) {
    children.push_back(role.name);
  }
  return children;
}

}  // namespace

std::string MetadataFileName(const tuf::RoleName& role, tuf::Version version) {
  return Cat(version.value(), ".", role.FileName(), ".json");
}

MetadataWalk::MetadataWalk(const FileReader& files, MetadataWalkPlan plan, Findings& findings)
    : files_(files), plan_(std::move(plan)), findings_(findings) {}

std::optional<std::string> MetadataWalk::Read(const std::string& name, std::uint64_t max_bytes) {
  StatusOr<std::string> bytes = files_.Read(JoinPath(plan_.folder, name), max_bytes);
  if (!bytes.ok()) {
    findings_.Report(What(name), bytes.status());
    return std::nullopt;
  }
  findings_.summary().bytes += bytes->size();
  ++findings_.summary().roles;
  return *std::move(bytes);
}

bool MetadataWalk::LoadRoots() {
  const std::optional<std::string> first = Read("1.root.json", limits_.root_bytes);
  if (!first) return false;
  if (*first != plan_.root) {
    findings_.Report(
        DifferenceKind::kWrong, What("1.root.json"),
        Cat("sha256 ", Sha256(*first).Short(), ", clients pin ", Sha256(plan_.root).Short()));
    return false;
  }
  StatusOr<tuf::TrustedSet> set = tuf::TrustedSet::Create(*first, plan_.now);
  if (!set.ok()) {
    findings_.Report(What("1.root.json"), set.status());
    return false;
  }
  set_.emplace(*std::move(set));
  for (int rotations = 0; rotations < limits_.root_rotations; ++rotations) {
    const std::string name = Cat(root_version() + 1, ".root.json");
    if (absl::IsNotFound(files_.Stat(JoinPath(plan_.folder, name)).status())) break;
    const std::optional<std::string> next = Read(name, limits_.root_bytes);
    if (!next) return false;
    if (const Status status = set_->UpdateRoot(*next); !status.ok()) {
      findings_.Report(What(name), status);
      return false;
    }
  }
  if (const Status status = set_->FinishRoot(); !status.ok()) {
    findings_.Report(What(Cat(root_version(), ".root.json")), status);
    return false;
  }
  return true;
}

bool MetadataWalk::LoadTop() {
  if (!LoadRoots()) return false;
  const std::optional<std::string> timestamp = Read("timestamp.json", limits_.timestamp_bytes);
  if (!timestamp) return false;
  if (const Status status = set_->UpdateTimestamp(*timestamp); !status.ok()) {
    findings_.Report(What("timestamp.json"), status);
    return false;
  }
  const tuf::FileMeta& meta = set_->timestamp()->snapshot;
  const std::string name = MetadataFileName(tuf::TopLevelRole::kSnapshot, meta.version);
  const std::optional<std::string> snapshot =
      Read(name, meta.length.value_or(limits_.snapshot_bytes));
  if (!snapshot) return false;
  if (const Status status = set_->UpdateSnapshot(*snapshot, false); !status.ok()) {
    findings_.Report(What(name), status);
    return false;
  }
  return true;
}

// With `only`, roles that can't delegate and are not asked for are left out: there are many.
bool MetadataWalk::Wanted(const tuf::RoleName& role) const {
  return !plan_.only || role == *plan_.only || MayDelegate(role);
}

const tuf::Delegations* MetadataWalk::DelegationsOf(const tuf::RoleName& delegator) const {
  const auto found = delegations_.find(delegator);
  return found == delegations_.end() ? nullptr : &found->second;
}

void MetadataWalk::WalkOne(const Step& step, const Visit& visit, std::vector<Step>& todo) {
  const auto [parent, is_new] = reached_.emplace(step.role, step.delegator);
  if (!is_new) {
    findings_.Report(
        DifferenceKind::kWrong, step.role.text(),
        Cat("has two parents: ", parent->second.text(), " and ", step.delegator.text()));
    return;
  }
  const StatusOr<tuf::FileMeta> meta = set_->MetaOf(step.role);
  if (!meta.ok()) {
    findings_.Report(step.role.text(), meta.status());
    return;
  }
  const std::string name = MetadataFileName(step.role, meta->version);
  const std::optional<std::string> bytes = Read(name, meta->length.value_or(limits_.targets_bytes));
  if (!bytes) return;
  if (!batch_ || in_batch_ >= kBatch) {
    batch_ = set_;
    in_batch_ = 0;
  }
  ++in_batch_;
  const auto document = batch_->UpdateTargets(*bytes, step.role, step.delegator);
  if (!document.ok()) {
    findings_.Report(What(name), document.status());
    return;
  }
  visit(step.role, **document, DelegationsOf(step.delegator));
  if (!(*document)->delegations) return;
  // It delegates: from here on it belongs to what every batch begins with.
  const auto kept = set_->UpdateTargets(*bytes, step.role, step.delegator);
  if (!kept.ok()) {
    findings_.Report(What(name), kept.status());
    return;
  }
  batch_.reset();
  const auto& delegations = *(*kept)->delegations;
  std::vector<tuf::RoleName> children = ChildrenOf(delegations);
  delegations_.emplace(step.role, delegations);
  // The last in is the first out: children are walked in the order of a search.
  for (auto child = children.rbegin(); child != children.rend(); ++child) {
    if (Wanted(*child)) todo.push_back({.role = *child, .delegator = step.role});
  }
}

void MetadataWalk::WalkRoles(const Visit& visit) {
  const tuf::RoleName top = tuf::TopLevelRole::kTargets;
  const tuf::RoleName root = tuf::TopLevelRole::kRoot;
  std::vector<Step> todo = {{.role = top, .delegator = root}};
  const std::uint64_t total = plan_.only ? 0 : snapshot().roles.size();
  while (!todo.empty() && findings_.stopped().ok()) {
    const Step step = std::move(todo.back());
    todo.pop_back();
    WalkOne(step, visit, todo);
    if (reached_.size() % 64 == 0) findings_.Progress("metadata", reached_.size(), total);
  }
  batch_.reset();
  if (!plan_.only) CheckUnreached();
}

bool MetadataWalk::VerifiesNow(const tuf::RoleName& role,
                               const tuf::SignedDocument<tuf::Targets>& document) const {
  const auto reached = reached_.find(role);
  if (reached == reached_.end()) return false;
  const tuf::Delegations* delegations = DelegationsOf(reached->second);
  const tuf::RoleKeys* keys = delegations == nullptr ? nullptr : delegations->KeysFor(role);
  return keys != nullptr && tuf::VerifyThreshold(role, *keys, delegations->keys, document.canonical,
                                                 document.signatures)
                                .ok();
}

// A role that ended stays in the snapshot at its last version, because clients refuse a snapshot
// that drops one. No delegation names its keys any more, and its expiry concerns nobody.
void MetadataWalk::CheckUnreached() {
  for (const auto& [role, meta] : snapshot().roles) {
    if (reached_.contains(role) || !findings_.stopped().ok()) continue;
    const std::string name = MetadataFileName(role, meta.version);
    const std::optional<std::string> bytes =
        Read(name, meta.length.value_or(limits_.targets_bytes));
    if (!bytes) continue;
    if (meta.hashes) {
      if (const Status status = meta.hashes->Check(*bytes); !status.ok()) {
        findings_.Report(What(name), status);
        continue;
      }
    }
    const auto document = tuf::DecodeTargets(*bytes);
    if (!document.ok()) {
      findings_.Report(What(name), document.status());
    } else if (document->document.header.version != meta.version) {
      findings_.Report(DifferenceKind::kWrong, What(name),
                       Cat("holds version ", document->document.header.version.value()));
    }
  }
}

}  // namespace rind::delegation_manager
