#include "services/delegation_manager/publish/withheld.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "common/tuf/json/decode.h"
#include "services/delegation_manager/publish/bin_document.h"

namespace rind::delegation_manager {
namespace {

// "six" of "files/six/six-1.0.tar.gz" and "simple/six/index.html".
std::string_view ProjectOfPath(std::string_view path) {
  const std::size_t begin = path.find('/');
  const std::size_t end = path.find('/', begin + 1);
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return path.substr(begin + 1, end - begin - 1);
}

// Whether the new document of a bin lets go of files that now belong to a project's own keys.
StatusOr<bool> LetsGo(Tables& tables, const DocumentToSign& bin) {
  if (bin.previous.empty()) return false;
  RIND_ASSIGN_OR_RETURN(const auto before, tuf::DecodeCanonicalTargets(bin.previous));
  RIND_ASSIGN_OR_RETURN(const auto after, tuf::DecodeCanonicalTargets(bin.canonical));
  std::set<std::string_view> projects;
  for (const auto& [path, file] : before.targets) {
    if (!after.targets.contains(path)) projects.insert(ProjectOfPath(path));
  }
  for (const std::string_view name : projects) {
    RIND_ASSIGN_OR_RETURN(const auto project, tables.projects.Find(name));
    if (project && IsClaimed(project->state)) return true;
  }
  return false;
}

// Moves what `choose` picks from the release's files to what it leaves out.
template <typename Choose>
StatusOr<bool> Withhold(Release& release, const Choose& choose) {
  std::vector<SignedRole> kept;
  const std::size_t before = release.withheld.size();
  for (SignedRole& file : release.files) {
    RIND_ASSIGN_OR_RETURN(const bool chosen, choose(file));
    (chosen ? release.withheld : kept).push_back(std::move(file));
  }
  release.files = std::move(kept);
  return release.withheld.size() > before;
}

StatusOr<bool> IsPublished(Tables& tables, const tuf::RoleName& role) {
  RIND_ASSIGN_OR_RETURN(const auto record, tables.roles.Find(role));
  return record.has_value();
}

}  // namespace

Status WithholdMoves(Tables& tables, Release& release) {
  RIND_RETURN_IF_ERROR(Withhold(release, [&](const SignedRole& file) -> StatusOr<bool> {
                         if (file.role == tuf::ClaimedRole()) {
                           return IsPublished(tables, file.role);  // not that of the creation
                         }
                         if (tuf::ProjectOf(file.role).empty()) return false;
                         RIND_ASSIGN_OR_RETURN(const bool old, IsPublished(tables, file.role));
                         return !old;
                       }).status());
  std::vector<AskedDocument> kept;
  for (AskedDocument& asked : release.asked) {
    const auto bin = BinOfRole(asked.document.role);
    if (bin) {
      RIND_ASSIGN_OR_RETURN(const bool lets_go, LetsGo(tables, asked.document));
      if (lets_go) {
        std::erase_if(release.bins, [&](const DirtyBin& dirty) { return dirty.bin == *bin; });
        continue;
      }
    }
    kept.push_back(std::move(asked));
  }
  release.asked = std::move(kept);
  return OkStatus();
}

StatusOr<bool> WithholdPushes(Tables& tables, Release& release) {
  return Withhold(release, [&](const SignedRole& file) -> StatusOr<bool> {
    if (tuf::ProjectOf(file.role).empty()) return false;
    return IsPublished(tables, file.role);
  });
}

Status StageWithheld(Tables& tables, const Release& release) {
  if (release.withheld.empty()) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const auto staged, tables.staging.Roles());
  for (const SignedRole& file : release.withheld) {
    const bool newer = std::any_of(staged.begin(), staged.end(), [&](const StagedRole& other) {
      return other.role == file.role;
    });
    if (newer) continue;
    RIND_RETURN_IF_ERROR(
        tables.staging.PutRole({file.role, file.version, file.file, release.change}));
  }
  return OkStatus();
}

}  // namespace rind::delegation_manager
