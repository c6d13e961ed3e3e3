#include "common/signing/trust_chain.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/signing/refusal.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/verify/verify.h"

namespace rind::signing {
namespace {

using tuf::RoleName;
using tuf::TopLevelRole;

constexpr std::string_view kRule = "S-07";

struct RootFile {
  tuf::SignedDocument<tuf::Root> document;
  const std::string* bytes;
};

Status VerifyRoot(const tuf::Root& by, const tuf::SignedDocument<tuf::Root>& root) {
  return tuf::VerifyThreshold(TopLevelRole::kRoot, by.roles.at(TopLevelRole::kRoot), by.keys,
                              root.canonical, root.signatures);
}

// The root files that were sent, by version.
StatusOr<std::vector<RootFile>> RootsOf(std::string_view who,
                                        const std::vector<SuppliedFile>& files) {
  std::vector<RootFile> roots;
  for (const SuppliedFile& file : files) {
    if (file.role != RoleName(TopLevelRole::kRoot)) continue;
    auto root = tuf::DecodeRoot(file.bytes);
    RIND_RETURN_IF_ERROR(RefuseIfError(root.status(), kRule, Cat(who, ": root sent along")));
    roots.push_back({*std::move(root), &file.bytes});
  }
  std::stable_sort(roots.begin(), roots.end(), [](const RootFile& a, const RootFile& b) {
    return a.document.document.header.version < b.document.document.header.version;
  });
  return roots;
}

// The roles that may delegate to `role`, in the order of the search.
std::vector<RoleName> DelegatorsOf(const RoleName& role) {
  if (role == tuf::ClaimedRole() || role == tuf::RecentlyClaimedRole() ||
      role == tuf::UnclaimedRole()) {
    return {TopLevelRole::kTargets};
  }
  return {tuf::ClaimedRole(), tuf::RecentlyClaimedRole()};
}

// Each role after those that may delegate to it.
int Depth(const RoleName& role) {
  if (role == RoleName(TopLevelRole::kTargets)) return 0;
  return DelegatorsOf(role).size() == 1 ? 1 : 2;
}

}  // namespace

StatusOr<TrustChain> TrustChain::Build(std::string_view who, const PinnedRoot* pinned,
                                       const std::vector<SuppliedFile>& files) {
  TrustChain chain;
  RIND_RETURN_IF_ERROR(chain.TakeRoots(who, pinned, files));
  std::vector<const SuppliedFile*> sorted;
  for (const SuppliedFile& file : files) {
    if (file.role != RoleName(TopLevelRole::kRoot)) sorted.push_back(&file);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const SuppliedFile* a, const SuppliedFile* b) {
    return Depth(a->role) < Depth(b->role);
  });
  for (const SuppliedFile* file : sorted) {
    RIND_RETURN_IF_ERROR(chain.TakeTargets(who, *file, DelegatorsOf(file->role)));
  }
  return chain;
}

Status TrustChain::TakeRoots(std::string_view who, const PinnedRoot* pinned,
                             const std::vector<SuppliedFile>& files) {
  RIND_ASSIGN_OR_RETURN(const std::vector<RootFile> roots, RootsOf(who, files));
  if (pinned == nullptr && roots.empty()) {
    return Refuse(kRule, Cat(who, ": this signer has pinned no root yet and none was sent along"));
  }
  std::string_view first = pinned != nullptr ? std::string_view(pinned->bytes) : *roots[0].bytes;
  auto trusted = tuf::DecodeRoot(first);
  if (!trusted.ok()) return Annotate(trusted.status(), "pinned root");
  RIND_RETURN_IF_ERROR(RefuseIfError(VerifyRoot(trusted->document, *trusted), kRule,
                                     Cat(who, ": root that the proofs start from")));
  if (pinned == nullptr)
    moved_ = PinnedRoot{trusted->document.header.version.value(), std::string(first)};
  for (const RootFile& root : roots) {
    const std::int64_t version = root.document.document.header.version.value();
    const std::int64_t now = trusted->document.header.version.value();
    if (version <= now) continue;
    if (version != now + 1) {
      return Refuse(kRule, Cat(who, ": root v", version, " follows v", now, ": wanted v", now + 1));
    }
    const std::string context = Cat(who, ": root v", version);
    RIND_RETURN_IF_ERROR(
        RefuseIfError(VerifyRoot(trusted->document, root.document), kRule, context));
    RIND_RETURN_IF_ERROR(
        RefuseIfError(VerifyRoot(root.document.document, root.document), kRule, context));
    trusted = root.document;
    moved_ = PinnedRoot{version, *root.bytes};
  }
  root_ = trusted->document;
  return OkStatus();
}

Status TrustChain::TakeTargets(std::string_view who, const SuppliedFile& file,
                               const std::vector<RoleName>& delegators) {
  const std::string context = Cat(who, ": ", file.role.text(), " sent along");
  auto decoded = tuf::DecodeTargets(file.bytes);
  RIND_RETURN_IF_ERROR(RefuseIfError(decoded.status(), kRule, context));
  const tuf::RoleKeys* keys = nullptr;
  const tuf::KeyMap* map = nullptr;
  if (file.role == RoleName(TopLevelRole::kTargets)) {
    keys = &root_.roles.at(TopLevelRole::kTargets);
    map = &root_.keys;
  } else {
    for (const RoleName& delegator : delegators) {
      const File* parent = Find(delegator);
      if (parent == nullptr || !parent->document.delegations.has_value()) continue;
      keys = parent->document.delegations->KeysFor(file.role);
      map = &parent->document.delegations->keys;
      if (keys != nullptr) break;
    }
  }
  if (keys == nullptr) {
    return Refuse(kRule, Cat(context, ": no document sent along delegates to it"));
  }
  RIND_RETURN_IF_ERROR(RefuseIfError(
      tuf::VerifyThreshold(file.role, *keys, *map, decoded->canonical, decoded->signatures), kRule,
      context));
  const auto [at, fresh] = files_.emplace(
      file.role, File{std::move(decoded->document), Sha256(file.bytes), file.bytes.size()});
  if (!fresh) return Refuse(kRule, Cat(context, ": was sent twice"));
  return OkStatus();
}

const TrustChain::File* TrustChain::Find(const RoleName& role) const {
  const auto found = files_.find(role);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace rind::signing
