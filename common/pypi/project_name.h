// The name of a project, in the one spelling that a repository uses.
//
// Promise: a ProjectName holds a name that PEP 508 allows, normalised as PEP 503 says: lower case,
// runs of "-", "_" and "." as one "-". 1 to 150 bytes of [a-z0-9-], so it is a valid segment of a
// target path and never hides another.
// Threading: immutable value.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::pypi {

class ProjectName {
 public:
  // From any spelling ("Zope.Interface"); InvalidArgument says what is wrong with it.
  static StatusOr<ProjectName> Parse(std::string_view spelling);

  const std::string& text() const { return text_; }
  auto operator<=>(const ProjectName&) const = default;

 private:
  explicit ProjectName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace rind::pypi
