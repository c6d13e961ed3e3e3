#include "services/delegation_manager/state/records.h"

#include <array>

#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

constexpr std::array kStates = {ProjectState::kUnclaimed, ProjectState::kRequested,
                                ProjectState::kRecentlyClaimed, ProjectState::kClaimed};

}  // namespace

std::string_view NameOf(ProjectState state) {
  switch (state) {
    case ProjectState::kUnclaimed:
      return "unclaimed";
    case ProjectState::kRequested:
      return "requested";
    case ProjectState::kRecentlyClaimed:
      return "recently-claimed";
    case ProjectState::kClaimed:
      return "claimed";
  }
  return "";
}

StatusOr<ProjectState> ParseProjectState(std::string_view name) {
  for (const ProjectState state : kStates) {
    if (NameOf(state) == name) return state;
  }
  return InvalidArgument(Cat("project state '", Printable(name), "' is none of ours"));
}

bool IsClaimed(ProjectState state) {
  return state == ProjectState::kRecentlyClaimed || state == ProjectState::kClaimed;
}

}  // namespace rind::delegation_manager
