#include "common/pypi/project_name.h"

#include <algorithm>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

// The longest name on the public index has 80 characters; the bound keeps target paths short.
constexpr std::size_t kMaxName = 150;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool IsSeparator(char c) { return c == '-' || c == '_' || c == '.'; }

}  // namespace

StatusOr<ProjectName> ProjectName::Parse(std::string_view spelling) {
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(Cat("project name \"", Printable(spelling, 80), "\": ", why));
  };
  if (spelling.empty()) return wrong("is empty");
  if (spelling.size() > kMaxName) return wrong(Cat("is longer than ", kMaxName, " bytes"));
  if (!std::all_of(spelling.begin(), spelling.end(),
                   [](char c) { return IsLetterOrDigit(c) || IsSeparator(c); })) {
    return wrong("has something other than letters, digits, \".\", \"-\" and \"_\"");
  }
  // PEP 508: it begins and ends with a letter or a digit.
  if (!IsLetterOrDigit(spelling.front()) || !IsLetterOrDigit(spelling.back())) {
    return wrong("does not begin and end with a letter or a digit");
  }
  std::string name;
  for (const char c : spelling) {
    if (!IsSeparator(c)) {
      name.push_back(c);
    } else if (name.back() != '-') {
      name.push_back('-');
    }
  }
  return ProjectName(ToLower(name));
}

}  // namespace rind::pypi
