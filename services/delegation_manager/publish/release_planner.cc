#include "services/delegation_manager/publish/release_planner.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/tuf/json/encode.h"
#include "services/delegation_manager/publish/bin_document.h"
#include "services/delegation_manager/publish/content_plan.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/published_metadata.h"

namespace rind::delegation_manager {
namespace {

// Up to here the snapshot has length and sha256 of bins too (ARCHITECTURE.md section 3): above, it
// would grow from 0.5 to 2 MB, which every client loads.
constexpr std::uint32_t kMaxBinsWithHashes = 1024;

constexpr tuf::TopLevelRole kSnapshot = tuf::TopLevelRole::kSnapshot;
constexpr tuf::TopLevelRole kTimestamp = tuf::TopLevelRole::kTimestamp;

bool InSnapshot(const tuf::RoleName& role) {
  const auto top = role.top_level();
  return !top || *top == tuf::TopLevelRole::kTargets;
}

tuf::FileMeta MetaOf(tuf::Version version, const Sha256Digest& sha256, std::uint64_t length,
                     bool with_hash) {
  tuf::FileMeta meta;
  meta.version = version;
  if (with_hash) {
    meta.length = length;
    meta.hashes = tuf::Hashes::OfSha256(sha256);
  }
  return meta;
}

StatusOr<Profile> ProfileOf(Tables& tables) {
  RIND_ASSIGN_OR_RETURN(const auto name, tables.settings.Find(kSettingProfile));
  if (!name) return FailedPrecondition("there is no repository yet: `rind create`");
  return ParseProfile(*name);
}

tuf::Version NextOf(const std::optional<RoleRecord>& last) {
  return last ? *last->version.Next() : tuf::Version::First();
}

// Whether an online role must be signed anew, or was never signed.
StatusOr<bool> IsDue(Tables& tables, const tuf::RoleName& role, Profile profile, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const auto record, tables.roles.Find(role));
  return !record || record->expires - now < RenewWhenLeft(role, profile);
}

// Whether this release changes a role that no receipt can prove.
bool NeedsChain(const Release& release) {
  return std::any_of(release.files.begin(), release.files.end(),
                     [](const SignedRole& file) { return !IsOnline(file.role); });
}

}  // namespace

StatusOr<std::optional<Release>> ReleasePlanner::Plan(bool force, absl::Time now) const {
  std::optional<Release> planned;
  RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const Profile profile, ProfileOf(tables));
    Release release;
    ContentPlan content(tables, files_, public_folder_, profile, now);
    RIND_RETURN_IF_ERROR(content.Gather(release, force));
    RIND_ASSIGN_OR_RETURN(const bool due, IsDue(tables, kSnapshot, profile, now));
    const bool nothing = release.files.empty() && release.asked.empty() && release.pages.empty();
    if (nothing && !due && !force) return OkStatus();
    release.must_publish = due || force;
    RIND_ASSIGN_OR_RETURN(release.change, tables.settings.NextChange());
    planned = std::move(release);
    return OkStatus();
  }));
  return planned;
}

StatusOr<AskedDocument> ReleasePlanner::BuildSnapshot(const Release& release,
                                                      absl::Time now) const {
  AskedDocument asked;
  RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const Profile profile, ProfileOf(tables));
    RIND_ASSIGN_OR_RETURN(const std::uint32_t bin_count, tables.bins.Count());
    const auto with_hash = [&](const tuf::RoleName& role) {
      return bin_count <= kMaxBinsWithHashes || !BinOfRole(role);
    };
    tuf::Snapshot snapshot;
    RIND_ASSIGN_OR_RETURN(const std::vector<RoleRecord> published, tables.roles.All());
    for (const RoleRecord& role : published) {
      if (!InSnapshot(role.name)) continue;
      snapshot.roles.emplace_hint(
          snapshot.roles.end(), role.name,
          MetaOf(role.version, role.sha256, role.length, with_hash(role.name)));
    }
    for (const SignedRole& file : release.files) {
      if (!InSnapshot(file.role)) continue;
      snapshot.roles.insert_or_assign(file.role, MetaOf(file.version, Sha256(file.file),
                                                        file.file.size(), with_hash(file.role)));
    }
    RIND_ASSIGN_OR_RETURN(const auto last, tables.roles.Find(kSnapshot));
    asked.document.role = kSnapshot;
    asked.version = NextOf(last);
    asked.expires = now + LifetimeOf(kSnapshot, profile);
    snapshot.header = {asked.version, asked.expires};
    asked.document.canonical = tuf::EncodeCanonical(snapshot);
    if (last) {
      RIND_ASSIGN_OR_RETURN(const std::string file,
                            ReadMetadata(files_, public_folder_, kSnapshot, last->version));
      RIND_ASSIGN_OR_RETURN(asked.document.previous, SignedPartOf(file));
    }
    asked.document.receipts = release.receipts;
    if (!NeedsChain(release)) return OkStatus();
    RIND_ASSIGN_OR_RETURN(asked.document.files,
                          ChainFiles(tables, files_, public_folder_, release, true));
    for (const SignedRole& file : release.files) {
      const bool sent = std::any_of(asked.document.files.begin(), asked.document.files.end(),
                                    [&](const RoleFile& other) { return other.role == file.role; });
      if (!sent && !IsOnline(file.role)) asked.document.files.push_back({file.role, file.file});
    }
    return OkStatus();
  }));
  return asked;
}

StatusOr<AskedDocument> ReleasePlanner::BuildTimestamp(const Release& release,
                                                       absl::Time now) const {
  AskedDocument asked;
  RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const Profile profile, ProfileOf(tables));
    tuf::Timestamp timestamp;
    const auto fresh =
        std::find_if(release.files.begin(), release.files.end(),
                     [](const SignedRole& file) { return file.role == tuf::RoleName(kSnapshot); });
    if (fresh != release.files.end()) {
      timestamp.snapshot = MetaOf(fresh->version, Sha256(fresh->file), fresh->file.size(), true);
    } else {
      RIND_ASSIGN_OR_RETURN(const auto snapshot, tables.roles.Find(kSnapshot));
      if (!snapshot) return FailedPrecondition("there is no snapshot yet: `rind release`");
      timestamp.snapshot = MetaOf(snapshot->version, snapshot->sha256, snapshot->length, true);
    }
    RIND_ASSIGN_OR_RETURN(const auto last, tables.roles.Find(kTimestamp));
    asked.document.role = kTimestamp;
    asked.version = NextOf(last);
    asked.expires = now + LifetimeOf(kTimestamp, profile);
    timestamp.header = {asked.version, asked.expires};
    asked.document.canonical = tuf::EncodeCanonical(timestamp);
    if (!last) return OkStatus();
    RIND_ASSIGN_OR_RETURN(const std::string file, tables.roles.File(kTimestamp));
    RIND_ASSIGN_OR_RETURN(asked.document.previous, SignedPartOf(file));
    return OkStatus();
  }));
  return asked;
}

}  // namespace rind::delegation_manager
