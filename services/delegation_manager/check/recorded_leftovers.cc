#include "services/delegation_manager/check/recorded_leftovers.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rind::delegation_manager {
namespace {

constexpr int kProjectsAtOnce = 500;

// What of one project may be in volume blobs although nothing published lists it.
Status AddProject(Tables& tables, const Project& project, std::set<Sha256Digest>& blobs) {
  RIND_ASSIGN_OR_RETURN(const auto departed, tables.targets.Departed(project.name));
  for (const Target& target : departed) blobs.insert(target.sha256);
  if (project.waiting == 0) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const auto targets, tables.targets.OfProject(project.name));
  for (const Target& target : targets) blobs.insert(target.sha256);
  return OkStatus();
}

}  // namespace

StatusOr<bool> RecordedLeftovers::KnowsPage(std::string_view path, const Sha256Digest& content) {
  bool knows = false;
  RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto staged, tables.staging.Pages());
    knows = std::any_of(staged.begin(), staged.end(), [&](const StagedPage& page) {
      return page.path.text() == path && page.sha256 == content;
    });
    return OkStatus();
  }));
  return knows;
}

StatusOr<std::set<Sha256Digest>> RecordedLeftovers::ReadBlobs() {
  std::set<Sha256Digest> blobs;
  std::string after;
  while (true) {
    std::size_t found = 0;
    // A transaction for each group: others are let in between.
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto projects, tables.projects.List(after, kProjectsAtOnce));
      found = projects.size();
      for (const Project& project : projects) {
        RIND_RETURN_IF_ERROR(AddProject(tables, project, blobs));
      }
      if (found > 0) after = projects.back().name;
      return OkStatus();
    }));
    if (found == 0) return blobs;
  }
}

StatusOr<bool> RecordedLeftovers::KnowsBlob(const Sha256Digest& content) {
  if (!blobs_) {
    RIND_ASSIGN_OR_RETURN(blobs_, ReadBlobs());
  }
  return blobs_->contains(content);
}

}  // namespace rind::delegation_manager
