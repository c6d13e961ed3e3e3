#include "services/delegation_manager/claims/claims.h"

#include <utility>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/pypi/project_name.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kMetadataSuffix = ".metadata";

// Names come from callers: only the normalised spelling names a project here.
Status CheckName(std::string_view project) {
  RIND_ASSIGN_OR_RETURN(const pypi::ProjectName name, pypi::ProjectName::Parse(project));
  if (name.text() == project) return OkStatus();
  return InvalidArgument(Cat("project '", Printable(project), "': wanted '", name.text(), "'"));
}

// A wrong authorisation must not get as far as the content-signer: by then the project would have
// left the bins.
StatusOr<PublicKey> OfficerKey(Tables& tables) {
  RIND_ASSIGN_OR_RETURN(const auto hex, tables.settings.Find(kSettingClaimsOfficer));
  if (!hex || hex->empty()) {
    return FailedPrecondition("this repository has no claims officer: no project can be claimed");
  }
  return PublicKey::Create(KeyScheme::kEd25519, *hex);
}

// A request may be renewed by its own keys, and replaced by others only once it has run out: nobody
// can push a waiting request aside.
Status CheckReplaces(const Claim& waiting, const evidence::ClaimStatement& next, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const auto before, evidence::DecodeClaim(waiting.claim.statement));
  if (before.keys == next.keys || before.expires <= now) return OkStatus();
  return FailedPrecondition(Cat("claim of ", waiting.project,
                                ": a request by other keys waits until ",
                                FormatUtc(before.expires)));
}

Status RefuseClaimed(const ProjectRecord& record) {
  if (!IsClaimed(record.state())) return OkStatus();
  return FailedPrecondition(
      Cat("claim of ", record.view.project, ": it is ", NameOf(record.state()), " already"));
}

// What it takes for a claim to become a role.
Status Move(Tables& tables, ProjectRecord& record, const SignedClaim& authorised,
            const CheckedClaim& checked, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
  Claim claim = *record.claim;
  const ProjectPages pages{.html = claim.index_html, .json = claim.index_json};
  // Before the targets leave the bins: whose they are must be settled in the same transaction.
  if (!record.project) {
    record.project.emplace();
    record.project->name = record.view.project;
    // It was never mirrored: this is how it comes onto the list of all projects.
    RIND_RETURN_IF_ERROR(tables.settings.Put(kSettingProjectListDirty, Cat(change)));
  }
  record.project->state = ProjectState::kRecentlyClaimed;
  RIND_RETURN_IF_ERROR(RecordRole(tables, record, checked.role, pages, change));
  claim.state = ProjectState::kRecentlyClaimed;
  claim.claim = authorised;
  claim.role_file.clear();
  claim.index_html.clear();
  claim.index_json.clear();
  claim.since = now;
  claim.detail = "authorised";
  RIND_RETURN_IF_ERROR(tables.claims.Put(claim));
  return tables.settings.Put(kSettingRecentlyClaimedDirty, Cat(change));
}

}  // namespace

StatusOr<Claim> Claims::Request(std::string_view project, const SignedClaim& claim,
                                std::string_view role_file, const ProjectPages& pages) {
  RIND_RETURN_IF_ERROR(CheckName(project));
  const absl::MutexLock hold(&mu_);
  const absl::Time now = parts_.clock.Now();
  Claim recorded;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const ProjectRecord record,
                          ReadProject(tables, parts_.repository, project));
    RIND_RETURN_IF_ERROR(RefuseClaimed(record));
    RIND_ASSIGN_OR_RETURN(const CheckedClaim checked,
                          CheckClaimRequest(claim, role_file, pages, record.view, now));
    if (record.claim) {
      RIND_RETURN_IF_ERROR(CheckReplaces(*record.claim, checked.statement, now));
    }
    recorded = Claim{.project = std::string(project),
                     .state = ProjectState::kRequested,
                     .claim = claim,
                     .role_file = std::string(role_file),
                     .index_html = pages.html,
                     .index_json = pages.json,
                     .since = now,
                     .detail = "waits for the claims officer"};
    return tables.claims.Put(recorded);
  }));
  LogInfo("claim requested", {{"project", std::string(project)}});
  return recorded;
}

StatusOr<std::vector<Claim>> Claims::List(bool waiting_only) {
  std::vector<Claim> claims;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(
        claims,
        tables.claims.List(waiting_only ? std::optional(ProjectState::kRequested) : std::nullopt));
    return OkStatus();
  }));
  return claims;
}

StatusOr<std::int64_t> Claims::Authorise(const SignedClaim& authorised) {
  RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeClaim(authorised.statement));
  const std::string& project = statement.project;
  RIND_RETURN_IF_ERROR(CheckName(project));
  const absl::MutexLock hold(&mu_);
  const absl::Time now = parts_.clock.Now();
  bool repeat = false;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(ProjectRecord record, ReadProject(tables, parts_.repository, project));
    if (!record.claim) return NotFound(Cat("claim of ", project, ": nobody asked for it"));
    if (IsClaimed(record.state()) && record.claim->claim == authorised) {
      repeat = true;
      return OkStatus();
    }
    RIND_RETURN_IF_ERROR(RefuseClaimed(record));
    RIND_ASSIGN_OR_RETURN(const PublicKey officer, OfficerKey(tables));
    const SignedClaim requested = record.claim->claim;
    RIND_RETURN_IF_ERROR(CheckAuthorisation(authorised, requested, officer, now).status());
    // The syncer may have changed the project since: the role must still fit what is there.
    const ProjectPages pages{.html = record.claim->index_html, .json = record.claim->index_json};
    RIND_ASSIGN_OR_RETURN(
        const CheckedClaim checked,
        CheckClaimRequest(requested, record.claim->role_file, pages, record.view, now));
    return Move(tables, record, authorised, checked, now);
  }));
  if (!repeat) LogInfo("claim authorised", {{"project", project}});
  return Publish(project);
}

StatusOr<ProjectAnswer> Claims::Get(std::string_view project) {
  RIND_RETURN_IF_ERROR(CheckName(project));
  ProjectAnswer answer;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(answer.record, ReadProject(tables, parts_.repository, project));
    RIND_ASSIGN_OR_RETURN(
        answer.pages, ReadPages(tables, parts_.files, parts_.public_folder, answer.record.view));
    return OkStatus();
  }));
  return answer;
}

Status Claims::MayUpload(std::string_view project) {
  RIND_RETURN_IF_ERROR(CheckName(project));
  return parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto claim, tables.claims.Find(project));
    if (claim && IsClaimed(claim->state)) return OkStatus();
    return FailedPrecondition(Cat("upload: ", project, " is not claimed"));
  });
}

BlobLength Claims::LengthOfUploads() const {
  return [this](const Sha256Digest& sha256) { return parts_.uploads.LengthOf(sha256); };
}

StatusOr<std::optional<ProjectRole>> Claims::CheckPush(Tables& tables, std::string_view project,
                                                       std::string_view role_file,
                                                       const ProjectPages& pages, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const ProjectRecord record,
                        ReadProject(tables, parts_.repository, project));
  if (!IsClaimed(record.state())) {
    return FailedPrecondition(
        Cat("push: ", project, " is ", NameOf(record.state()), ", not its developers' to change"));
  }
  if (record.role_file == role_file) return std::optional<ProjectRole>();
  RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeClaim(record.claim->claim.statement));
  RIND_ASSIGN_OR_RETURN(ProjectRole role, CheckProjectRole(role_file, pages, SignersOf(statement),
                                                           record.view, LengthOfUploads(), now));
  return std::optional(std::move(role));
}

Status Claims::CommitUploads(const ProjectRole& role, const ProjectView& view) {
  for (const auto& [path, file] : role.targets) {
    if (path.starts_with("simple/") || view.targets.contains(path)) continue;
    RIND_RETURN_IF_ERROR(parts_.uploads.Commit(file.sha256, file.length));
  }
  for (const auto& [path, file] : role.targets) {
    if (!path.ends_with(kMetadataSuffix)) continue;
    const auto distribution =
        role.targets.find(path.substr(0, path.size() - kMetadataSuffix.size()));
    if (distribution == role.targets.end()) continue;  // refused before
    RIND_RETURN_IF_ERROR(parts_.blobs.LinkMetadata(distribution->second.sha256, file.sha256));
  }
  return OkStatus();
}

StatusOr<std::int64_t> Claims::Push(std::string_view project, std::string_view role_file,
                                    const ProjectPages& pages) {
  RIND_RETURN_IF_ERROR(CheckName(project));
  const absl::MutexLock hold(&mu_);
  const absl::Time now = parts_.clock.Now();
  std::optional<ProjectRole> role;
  ProjectView view;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(role, CheckPush(tables, project, role_file, pages, now));
    RIND_ASSIGN_OR_RETURN(const ProjectRecord record,
                          ReadProject(tables, parts_.repository, project));
    view = record.view;
    return OkStatus();
  }));
  if (role) {
    // Files first: a role is recorded only once all that it lists is in place. Copying them inside
    // of a transaction would hold up everybody else; mu_ keeps the project as it was checked.
    RIND_RETURN_IF_ERROR(CommitUploads(*role, view));
    RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(ProjectRecord record, ReadProject(tables, parts_.repository, project));
      RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
      return RecordRole(tables, record, *role, pages, change);
    }));
    LogInfo("project pushed", {{"project", std::string(project)},
                               {"version", Cat(role->document.header.version.value())}});
  }
  return Publish(project);
}

StatusOr<std::int64_t> Claims::Publish(std::string_view what) {
  const auto released = parts_.publisher.Release(false);
  if (!released.ok()) {
    return Annotate(released.status(),
                    Cat(what, ": is recorded, and published as soon as the signers sign it"));
  }
  if (released->refused.empty()) return released->snapshot_version;
  // What was refused may be somebody else's: this project's is still staged when it is not out.
  bool waits = false;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto staged, tables.staging.Roles());
    for (const StagedRole& role : staged) waits = waits || tuf::ProjectOf(role.role) == what;
    return OkStatus();
  }));
  if (waits) {
    return FailedPrecondition(
        Cat(what, ": is recorded and not published: ", Describe(released->refused)));
  }
  return released->snapshot_version;
}

}  // namespace rind::delegation_manager
