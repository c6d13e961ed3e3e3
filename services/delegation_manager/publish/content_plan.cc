#include "services/delegation_manager/publish/content_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/pypi/index_page.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"
#include "services/delegation_manager/ingest/target_change.h"
#include "services/delegation_manager/publish/published_metadata.h"

namespace rind::delegation_manager {
namespace {

// The list of all projects grows by a page of 60 MB at PyPI's size: not more often than this.
constexpr absl::Duration kProjectListEvery = absl::Hours(1);
constexpr int kProjectsAtOnce = 10'000;

tuf::Version NextOf(const std::optional<RoleRecord>& last) {
  // The last version that exists is 2^53 - 1: a signer would have to sign for ever.
  return last ? *last->version.Next() : tuf::Version::First();
}

StatusOr<tuf::ClaimedProject> ClaimedOf(const Claim& claim) {
  RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeClaim(claim.claim.statement));
  return tuf::ClaimedProject{claim.project, {statement.keys, statement.threshold}};
}

bool SameKeys(const tuf::RoleSigners& left, const tuf::RoleSigners& right) {
  const auto materials = [](const tuf::RoleSigners& signers) {
    std::set<std::string> all;
    for (const PublicKey& key : signers.keys) all.insert(key.identity());
    return all;
  };
  return left.threshold == right.threshold && materials(left) == materials(right);
}

const tuf::ClaimedProject* FindProject(const std::vector<tuf::ClaimedProject>& all,
                                       std::string_view project) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const tuf::ClaimedProject& one) {
    return one.project == project;
  });
  return found == all.end() ? nullptr : &*found;
}

StatusOr<absl::Time> ExpiryOf(const StagedRole& staged) {
  if (staged.role == tuf::RoleName(tuf::TopLevelRole::kRoot)) {
    RIND_ASSIGN_OR_RETURN(const auto root, tuf::DecodeRoot(staged.file));
    return root.document.header.expires;
  }
  RIND_ASSIGN_OR_RETURN(const auto targets, tuf::DecodeTargets(staged.file));
  return targets.document.header.expires;
}

bool IsDirty(const std::optional<std::string>& setting) { return setting && *setting != "0"; }

}  // namespace

Status ContentPlan::Gather(Release& release, bool force) {
  RIND_RETURN_IF_ERROR(RenderProjectList(force));
  RIND_RETURN_IF_ERROR(TakeStaged(release));
  RIND_RETURN_IF_ERROR(TakeRecentlyClaimed(release));
  return TakeBins(release);
}

Status ContentPlan::RenderProjectList(bool force) {
  RIND_ASSIGN_OR_RETURN(const auto dirty, tables_.settings.Find(kSettingProjectListDirty));
  if (!IsDirty(dirty)) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const auto last, tables_.settings.Find(kSettingProjectListTime));
  const auto seconds = last ? ParseUnsigned(*last, INT64_MAX) : std::nullopt;
  const bool recent = seconds && now_ - absl::FromUnixSeconds(static_cast<std::int64_t>(*seconds)) <
                                     kProjectListEvery;
  if (recent && !force) return OkStatus();

  std::vector<pypi::ProjectName> names;
  std::string after;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const auto some, tables_.projects.List(after, kProjectsAtOnce));
    for (const Project& project : some) {
      RIND_ASSIGN_OR_RETURN(auto name, pypi::ProjectName::Parse(project.name));
      names.push_back(std::move(name));
    }
    if (some.empty()) break;
    after = some.back().name;
  }
  RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables_.settings.NextChange());
  std::vector<evidence::VouchedTarget> targets;
  for (const auto& [path_text, content] :
       {std::pair("simple/index.html", pypi::RenderProjectListHtml(names)),
        std::pair("simple/index.json", pypi::RenderProjectListJson(names))}) {
    RIND_ASSIGN_OR_RETURN(const auto path, tuf::TargetPath::Parse(path_text));
    targets.push_back({path, content.size(), Sha256(content)});
    RIND_RETURN_IF_ERROR(tables_.staging.PutPage({path, targets.back().sha256, content, change}));
  }
  RIND_RETURN_IF_ERROR(
      ReplaceTargets(tables_, "", targets, Home::kBins, 0, false, change).status());
  RIND_RETURN_IF_ERROR(tables_.settings.Put(kSettingProjectListDirty, "0"));
  return tables_.settings.Put(kSettingProjectListTime, Cat(absl::ToUnixSeconds(now_)));
}

Status ContentPlan::TakeStaged(Release& release) {
  RIND_ASSIGN_OR_RETURN(std::vector<StagedRole> roles, tables_.staging.Roles());
  for (StagedRole& staged : roles) {
    RIND_ASSIGN_OR_RETURN(const absl::Time expires, ExpiryOf(staged));
    release.files.push_back({staged.role, staged.version, expires, std::move(staged.file)});
  }
  RIND_ASSIGN_OR_RETURN(release.pages, tables_.staging.Pages());
  return OkStatus();
}

Status ContentPlan::TakeRecentlyClaimed(Release& release) {
  const tuf::RoleName role = tuf::RecentlyClaimedRole();
  RIND_ASSIGN_OR_RETURN(const auto dirty, tables_.settings.Find(kSettingRecentlyClaimedDirty));
  RIND_ASSIGN_OR_RETURN(const auto last, tables_.roles.Find(role));
  const bool due = last && last->expires - now_ < RenewWhenLeft(role, profile_);
  if (last && !due && !IsDirty(dirty)) return OkStatus();
  if (dirty) release.recently_claimed_dirty = *dirty;

  AskedDocument asked;
  asked.version = NextOf(last);
  asked.expires = now_ + LifetimeOf(role, profile_);
  asked.document.role = role;
  std::vector<tuf::ClaimedProject> before;
  if (last) {
    RIND_ASSIGN_OR_RETURN(const std::string file, tables_.roles.File(role));
    RIND_ASSIGN_OR_RETURN(asked.document.previous, SignedPartOf(file));
    RIND_ASSIGN_OR_RETURN(const auto previous,
                          tuf::DecodeCanonicalTargets(asked.document.previous));
    RIND_ASSIGN_OR_RETURN(before, tuf::ReadClaims(previous));
  }
  RIND_ASSIGN_OR_RETURN(const std::vector<Claim> claims,
                        tables_.claims.List(ProjectState::kRecentlyClaimed));
  std::vector<tuf::ClaimedProject> projects;
  for (const Claim& claim : claims) {
    RIND_ASSIGN_OR_RETURN(tuf::ClaimedProject project, ClaimedOf(claim));
    const tuf::ClaimedProject* known = FindProject(before, claim.project);
    if (known == nullptr || !SameKeys(known->signers, project.signers)) {
      asked.document.authorisations.push_back(claim.claim);
    }
    projects.push_back(std::move(project));
  }
  const bool removes =
      std::any_of(before.begin(), before.end(), [&](const tuf::ClaimedProject& project) {
        return FindProject(projects, project.project) == nullptr;
      });
  if (removes) {
    RIND_ASSIGN_OR_RETURN(asked.document.files,
                          ChainFiles(tables_, files_, public_folder_, release, false));
  }
  asked.document.canonical =
      tuf::EncodeCanonical(tuf::BuildClaims({asked.version, asked.expires}, std::move(projects)));
  release.asked.push_back(std::move(asked));
  return OkStatus();
}

Status ContentPlan::TakeBins(Release& release) {
  RIND_ASSIGN_OR_RETURN(const std::uint32_t bin_count, tables_.bins.Count());
  RIND_ASSIGN_OR_RETURN(release.bins, tables_.bins.Dirty());
  std::set<std::uint32_t> bins;
  for (const DirtyBin& dirty : release.bins) bins.insert(dirty.bin);
  RIND_ASSIGN_OR_RETURN(
      const auto expiring,
      tables_.roles.ExpiringBefore(now_ + RenewWhenLeft(BinRole(0, bin_count), profile_)));
  for (const RoleRecord& role : expiring) {
    if (const auto bin = BinOfRole(role.name)) bins.insert(*bin);
  }
  for (const std::uint32_t bin : bins) {
    RIND_RETURN_IF_ERROR(TakeBin(release, bin, bin_count));
  }
  return OkStatus();
}

Status ContentPlan::TakeBin(Release& release, std::uint32_t bin, std::uint32_t bin_count) {
  AskedDocument asked;
  asked.document.role = BinRole(bin, bin_count);
  RIND_ASSIGN_OR_RETURN(const auto last, tables_.roles.Find(asked.document.role));
  asked.version = NextOf(last);
  asked.expires = BinExpiry(bin, profile_, now_);
  std::optional<tuf::Targets> previous;
  if (last) {
    RIND_ASSIGN_OR_RETURN(const std::string file,
                          ReadMetadata(files_, public_folder_, asked.document.role, last->version));
    RIND_ASSIGN_OR_RETURN(asked.document.previous, SignedPartOf(file));
    RIND_ASSIGN_OR_RETURN(previous, tuf::DecodeCanonicalTargets(asked.document.previous));
  }
  RIND_ASSIGN_OR_RETURN(const std::vector<Target> targets, tables_.targets.InBin(bin));
  std::map<std::string, std::vector<const Target*>> by_project;
  for (const Target* target : NeedEvidence(previous, targets)) {
    by_project[target->project].push_back(target);
  }
  for (const auto& [project, wanted] : by_project) {
    RIND_ASSIGN_OR_RETURN(const EvidenceTree* evidence, EvidenceOf(project));
    asked.document.vouched.push_back(evidence->Prove(wanted));
  }
  asked.document.canonical =
      tuf::EncodeCanonical(BuildBin({asked.version, asked.expires}, targets));
  release.asked.push_back(std::move(asked));
  return OkStatus();
}

StatusOr<const EvidenceTree*> ContentPlan::EvidenceOf(const std::string& project) {
  const auto known = evidence_.find(project);
  if (known != evidence_.end()) return &known->second;
  RIND_ASSIGN_OR_RETURN(const auto record, tables_.projects.Find(project));
  RIND_ASSIGN_OR_RETURN(const auto targets, tables_.targets.OfProject(project));
  const SignedEvidence evidence = record ? record->evidence : SignedEvidence{};
  return &evidence_.try_emplace(project, evidence, targets).first->second;
}

StatusOr<std::vector<RoleFile>> ChainFiles(Tables& tables, const FileReader& files,
                                           const std::string& public_folder, const Release& release,
                                           bool with_recently_claimed) {
  std::vector<RoleFile> chain;
  const tuf::RoleName root = tuf::TopLevelRole::kRoot;
  RIND_ASSIGN_OR_RETURN(const auto last_root, tables.roles.Find(root));
  const std::int64_t newest = last_root ? last_root->version.value() : 0;
  for (std::int64_t version = 1; version <= newest; ++version) {
    RIND_ASSIGN_OR_RETURN(const auto number, tuf::Version::Create(version));
    RIND_ASSIGN_OR_RETURN(std::string bytes, ReadMetadata(files, public_folder, root, number));
    chain.push_back({root, std::move(bytes)});
  }
  if (const SignedRole* file = FindSigned(release, root)) chain.push_back({root, file->file});
  std::vector<tuf::RoleName> roles = {tuf::TopLevelRole::kTargets, tuf::ClaimedRole()};
  if (with_recently_claimed) roles.push_back(tuf::RecentlyClaimedRole());
  for (const tuf::RoleName& role : roles) {
    if (const SignedRole* file = FindSigned(release, role)) {
      chain.push_back({role, file->file});
      continue;
    }
    RIND_ASSIGN_OR_RETURN(std::string bytes, tables.roles.File(role));
    chain.push_back({role, std::move(bytes)});
  }
  return chain;
}

}  // namespace rind::delegation_manager
