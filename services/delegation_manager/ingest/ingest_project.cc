#include "services/delegation_manager/ingest/ingest_project.h"

#include <array>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/pypi/project_name.h"
#include "services/delegation_manager/ingest/blob_presence.h"

namespace rind::delegation_manager {
namespace {

constexpr std::size_t kMaxStatementBytes = 4096;
constexpr std::size_t kSignatureBytes = 64;

const evidence::VouchedTarget* FindTarget(const Ingestion& ingestion, std::string_view path) {
  for (const evidence::VouchedTarget& target : ingestion.targets) {
    if (target.path.text() == path) return &target;
  }
  return nullptr;
}

Status CheckPage(const Ingestion& ingestion, std::string_view name, const std::string& content) {
  const std::string path = Cat("simple/", ingestion.project, "/", name);
  if (content.size() > kMaxIngestedPageBytes) {
    return InvalidArgument(
        Cat(path, ": ", content.size(), " bytes, at most ", kMaxIngestedPageBytes, " are taken"));
  }
  const evidence::VouchedTarget* target = FindTarget(ingestion, path);
  if (target == nullptr) return InvalidArgument(Cat(path, ": is not among the targets"));
  const Sha256Digest found = Sha256(content);
  if (found == target->sha256 && content.size() == target->length) return OkStatus();
  return InvalidArgument(Cat(path, ": the page has sha256 ", found.Hex(), " and ", content.size(),
                             " bytes, its target says ", target->sha256.Hex(), " and ",
                             target->length));
}

Status CheckEvidence(const Ingestion& ingestion, const Sha256Digest& root,
                     std::string_view repository) {
  const SignedEvidence& signed_evidence = ingestion.evidence;
  if (signed_evidence.statement.size() > kMaxStatementBytes ||
      signed_evidence.signature.size() != kSignatureBytes || signed_evidence.key_id.size() != 64) {
    return InvalidArgument(
        Cat(ingestion.project, ": evidence without a statement, a key id and a signature"));
  }
  RIND_ASSIGN_OR_RETURN(const evidence::EvidenceStatement statement,
                        evidence::DecodeEvidence(signed_evidence.statement));
  if (statement.repository != repository) {
    return FailedPrecondition(Cat(ingestion.project, ": evidence for repository ",
                                  Printable(statement.repository), ", this is ", repository));
  }
  if (statement.project != ingestion.project || statement.serial != ingestion.serial ||
      statement.count != ingestion.targets.size() || statement.targets_root != root) {
    return InvalidArgument(
        Cat(ingestion.project, ": the evidence is about project ", Printable(statement.project),
            ", serial ", statement.serial, ", ", statement.count, " targets with root ",
            statement.targets_root.Short(), "; the call about serial ", ingestion.serial, ", ",
            ingestion.targets.size(), " targets with root ", root.Short()));
  }
  return OkStatus();
}

// All that needs no database.
StatusOr<Sha256Digest> CheckForm(const Ingestion& ingestion, std::string_view repository) {
  const auto name = pypi::ProjectName::Parse(ingestion.project);
  if (!name.ok() || name->text() != ingestion.project) {
    return InvalidArgument(
        Cat("project '", Printable(ingestion.project), "': wanted a normalised name"));
  }
  if (ingestion.targets.size() > kMaxTargetsPerProject) {
    return InvalidArgument(Cat(ingestion.project, ": ", ingestion.targets.size(),
                               " targets, at most ", kMaxTargetsPerProject, " are taken"));
  }
  if (ingestion.serial < 0) {
    return InvalidArgument(Cat(ingestion.project, ": serial ", ingestion.serial, " is negative"));
  }
  for (const evidence::VouchedTarget& target : ingestion.targets) {
    RIND_RETURN_IF_ERROR(CheckTargetPlace(ingestion.project, target.path.text()));
  }
  RIND_RETURN_IF_ERROR(CheckPage(ingestion, "index.html", ingestion.index_html));
  RIND_RETURN_IF_ERROR(CheckPage(ingestion, "index.json", ingestion.index_json));
  const Sha256Digest root = evidence::MerkleRoot(ingestion.targets);
  RIND_RETURN_IF_ERROR(CheckEvidence(ingestion, root, repository));
  return root;
}

// Files that are not recorded yet must have their content here; a look at each costs a stat().
Status CheckBlobs(StateStore& state, const IngestFrom& from, const Ingestion& ingestion) {
  std::set<std::string> recorded;
  RIND_RETURN_IF_ERROR(state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto targets, tables.targets.OfProject(ingestion.project));
    for (const Target& target : targets) recorded.insert(target.path.text());
    return OkStatus();
  }));
  for (const evidence::VouchedTarget& target : ingestion.targets) {
    const std::string& path = target.path.text();
    if (!path.starts_with("files/") || recorded.contains(path)) continue;
    const auto length = BlobLengthOf(from.files, from.blobs_folder, target.sha256);
    if (!length.ok()) return Annotate(FailedPrecondition(MessageOf(length.status())), path);
    if (*length != target.length) {
      return FailedPrecondition(
          Cat(path, ": its blob has ", *length, " bytes, the target says ", target.length));
    }
  }
  return OkStatus();
}

Status CheckAgainst(const Project& known, const Ingestion& ingestion) {
  if (IsClaimed(known.state)) {
    return FailedPrecondition(
        Cat(ingestion.project, ": is ", NameOf(known.state), ": only its own keys may change it"));
  }
  if (ingestion.serial < known.serial) {
    return FailedPrecondition(Cat(ingestion.project, ": serial ", ingestion.serial,
                                  " is older than ", known.serial, ", which is recorded"));
  }
  return OkStatus();
}

Status StagePages(Tables& tables, const Ingestion& ingestion, std::uint64_t change) {
  const std::array<std::pair<std::string_view, const std::string*>, 2> pages = {
      {{"index.html", &ingestion.index_html}, {"index.json", &ingestion.index_json}}};
  for (const auto& [name, content] : pages) {
    RIND_ASSIGN_OR_RETURN(auto path,
                          tuf::TargetPath::Parse(Cat("simple/", ingestion.project, "/", name)));
    RIND_RETURN_IF_ERROR(
        tables.staging.PutPage({std::move(path), Sha256(*content), *content, change}));
  }
  return OkStatus();
}

Status Record(Tables& tables, const Ingestion& ingestion, const Sha256Digest& root, absl::Time now,
              TargetChange& result) {
  RIND_ASSIGN_OR_RETURN(const auto known, tables.projects.Find(ingestion.project));
  Project project = known.value_or(Project{});
  if (known) RIND_RETURN_IF_ERROR(CheckAgainst(*known, ingestion));
  const bool waiting = project.waiting != 0;
  if (known && known->targets_root == root && known->serial == ingestion.serial && !waiting) {
    return OkStatus();
  }
  RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
  RIND_ASSIGN_OR_RETURN(result, ReplaceTargets(tables, ingestion.project, ingestion.targets,
                                               Home::kBins, ingestion.serial, waiting, change));
  project.name = ingestion.project;
  project.serial = ingestion.serial;
  project.targets_root = root;
  project.evidence = ingestion.evidence;
  project.ingested = now;
  if (result.any() || waiting) {
    project.waiting = change;
    RIND_RETURN_IF_ERROR(StagePages(tables, ingestion, change));
  }
  if (!known) {
    RIND_RETURN_IF_ERROR(tables.settings.Put(kSettingProjectListDirty, Cat(change)));
  }
  return tables.projects.Put(project);
}

}  // namespace

StatusOr<TargetChange> IngestProject(StateStore& state, const IngestFrom& from,
                                     const Ingestion& ingestion, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const Sha256Digest root, CheckForm(ingestion, from.repository));
  RIND_RETURN_IF_ERROR(CheckBlobs(state, from, ingestion));
  TargetChange result;
  RIND_RETURN_IF_ERROR(
      state.Transact([&](Tables& tables) { return Record(tables, ingestion, root, now, result); }));
  return result;
}

}  // namespace rind::delegation_manager
