#include "common/pypi/core_metadata.h"

#include <string>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

// "name [extras] (versions) ; marker": the name ends at the first of these.
constexpr std::string_view kNameEnds = " \t[(<>=!~;@,";

// True when the marker asks for an extra: such a dependency is an option, not a need.
bool AsksForExtra(std::string_view marker) {
  for (std::size_t at = marker.find("extra"); at != std::string_view::npos;
       at = marker.find("extra", at + 1)) {
    const std::string_view after = Trim(marker.substr(at + 5));
    const bool is_word = at == 0 || marker[at - 1] == ' ' || marker[at - 1] == '(' ||
                         marker[at - 1] == '\t' || marker[at - 1] == '"' || marker[at - 1] == '\'';
    if (is_word && (after.starts_with("==") || after.starts_with("in"))) return true;
  }
  return false;
}

}  // namespace

StatusOr<std::set<ProjectName>> RequiredProjects(std::string_view core_metadata) {
  std::set<ProjectName> names;
  bool is_metadata = false;
  std::size_t begin = 0;
  while (begin < core_metadata.size()) {
    std::size_t end = core_metadata.find('\n', begin);
    if (end == std::string_view::npos) end = core_metadata.size();
    std::string_view line = core_metadata.substr(begin, end - begin);
    begin = end + 1;
    if (Trim(line).empty()) break;                              // the description follows
    if (line.front() == ' ' || line.front() == '\t') continue;  // of a folded header
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string header = ToLower(line.substr(0, colon));
    if (header == "metadata-version") is_metadata = true;
    if (header != "requires-dist") continue;
    const std::string_view requirement = Trim(line.substr(colon + 1));
    const std::size_t semicolon = requirement.find(';');
    if (semicolon != std::string_view::npos && AsksForExtra(requirement.substr(semicolon + 1))) {
      continue;
    }
    const auto name =
        ProjectName::Parse(requirement.substr(0, requirement.find_first_of(kNameEnds)));
    if (name.ok()) names.insert(*name);
  }
  if (!is_metadata) return InvalidArgument("core metadata: no Metadata-Version header");
  return names;
}

}  // namespace rind::pypi
