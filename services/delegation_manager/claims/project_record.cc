#include "services/delegation_manager/claims/project_record.h"

#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/tuf/build/build.h"
#include "services/delegation_manager/ingest/target_change.h"

namespace rind::delegation_manager {
namespace {

StatusOr<std::string> ReadPage(Tables& tables, const FileReader& files,
                               const std::string& public_folder, const std::string& path,
                               const KnownFile& page) {
  RIND_ASSIGN_OR_RETURN(const std::vector<StagedPage> staged, tables.staging.Pages());
  for (const StagedPage& candidate : staged) {
    if (candidate.path.text() == path && candidate.sha256 == page.sha256) return candidate.content;
  }
  const std::string name = tuf::PathWithHash(path, page.sha256.Hex());
  StatusOr<std::string> bytes =
      files.Read(JoinPath(public_folder, Cat("targets/", name)), page.length);
  if (!bytes.ok() || Sha256(*bytes) != page.sha256) {
    return DataLoss(Cat(path, ": the page with sha256 ", page.sha256.Short(), " is gone"));
  }
  return bytes;
}

}  // namespace

ProjectState ProjectRecord::state() const {
  if (claim) return claim->state;
  return project ? project->state : ProjectState::kUnclaimed;
}

StatusOr<ProjectRecord> ReadProject(Tables& tables, std::string_view repository,
                                    std::string_view project) {
  ProjectRecord record;
  record.view.repository = repository;
  record.view.project = project;
  RIND_ASSIGN_OR_RETURN(record.project, tables.projects.Find(project));
  RIND_ASSIGN_OR_RETURN(record.claim, tables.claims.Find(project));
  RIND_ASSIGN_OR_RETURN(const std::vector<Target> targets, tables.targets.OfProject(project));
  for (const Target& target : targets) {
    record.view.targets[target.path.text()] = {.length = target.length, .sha256 = target.sha256};
  }
  RIND_ASSIGN_OR_RETURN(const std::vector<Target> departed, tables.targets.Departed(project));
  for (const Target& target : departed) {
    record.view.departed[target.path.text()] = target.sha256;
  }
  const tuf::RoleName role = tuf::ProjectRole(project);
  RIND_ASSIGN_OR_RETURN(const auto published, tables.roles.Find(role));
  if (published) {
    record.view.last_version = published->version.value();
    RIND_ASSIGN_OR_RETURN(record.role_file, tables.roles.File(role));
  }
  RIND_ASSIGN_OR_RETURN(const std::vector<StagedRole> staged, tables.staging.Roles());
  for (const StagedRole& candidate : staged) {
    if (candidate.role != role || candidate.version.value() <= record.view.last_version) continue;
    record.view.last_version = candidate.version.value();
    record.role_file = candidate.file;
  }
  return record;
}

StatusOr<ProjectPages> ReadPages(Tables& tables, const FileReader& files,
                                 const std::string& public_folder, const ProjectView& view) {
  ProjectPages pages;
  const std::string folder = Cat("simple/", view.project, "/");
  for (const auto& [name, content] :
       {std::pair("index.html", &pages.html), std::pair("index.json", &pages.json)}) {
    const std::string path = Cat(folder, name);
    const auto page = view.targets.find(path);
    if (page == view.targets.end()) continue;
    RIND_ASSIGN_OR_RETURN(*content, ReadPage(tables, files, public_folder, path, page->second));
  }
  return pages;
}

Status RecordRole(Tables& tables, ProjectRecord& record, const ProjectRole& role,
                  const ProjectPages& pages, std::uint64_t change) {
  const std::string& name = record.view.project;
  std::vector<evidence::VouchedTarget> targets;
  for (const auto& [path, file] : role.targets) {
    RIND_ASSIGN_OR_RETURN(tuf::TargetPath target, tuf::TargetPath::Parse(path));
    targets.push_back({.path = std::move(target), .length = file.length, .sha256 = file.sha256});
  }
  if (!record.project) {
    record.project.emplace();
    record.project->name = name;
  }
  RIND_RETURN_IF_ERROR(ReplaceTargets(tables, name, targets, Home::kProjectRole,
                                      record.project->serial, false, change)
                           .status());
  RIND_RETURN_IF_ERROR(tables.staging.PutRole({.role = tuf::ProjectRole(name),
                                               .version = role.document.header.version,
                                               .file = role.file,
                                               .change = change}));
  for (const auto& [page, content] :
       {std::pair("index.html", &pages.html), std::pair("index.json", &pages.json)}) {
    RIND_ASSIGN_OR_RETURN(tuf::TargetPath path,
                          tuf::TargetPath::Parse(Cat("simple/", name, "/", page)));
    RIND_RETURN_IF_ERROR(tables.staging.PutPage({.path = std::move(path),
                                                 .sha256 = Sha256(*content),
                                                 .content = *content,
                                                 .change = change}));
  }
  record.project->targets_root = evidence::MerkleRoot(targets);
  record.project->evidence = {};  // the project's keys vouch for it now, no syncer
  record.project->waiting = change;
  return tables.projects.Put(*record.project);
}

}  // namespace rind::delegation_manager
