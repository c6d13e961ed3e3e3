// What the manager's tables hold of one project, put together.
//
// Promise: what waits for a release counts as there: the next version builds on it.
// Threading: within a transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "services/delegation_manager/claims/project_role.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct ProjectRecord {
  ProjectView view;
  std::optional<Project> project;  // nothing was mirrored of it, and it is not claimed
  std::optional<Claim> claim;
  std::string role_file;  // the last, published or staged; empty: never had one

  // Unclaimed when neither a row nor a claim says otherwise.
  ProjectState state() const;
};

StatusOr<ProjectRecord> ReadProject(Tables& tables, std::string_view repository,
                                    std::string_view project);

// The content of its pages: staged, or as published. DataLoss when a page that is recorded is gone.
StatusOr<ProjectPages> ReadPages(Tables& tables, const FileReader& files,
                                 const std::string& public_folder, const ProjectView& view);

// The next release publishes this role with its pages; its targets leave the bins in the same one.
Status RecordRole(Tables& tables, ProjectRecord& record, const ProjectRole& role,
                  const ProjectPages& pages, std::uint64_t change);

}  // namespace rind::delegation_manager
