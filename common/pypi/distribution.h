// What the name of a distribution file says, and which names we take over.
//
// Promise: a Distribution exists only for a name that is safe everywhere it goes (a segment of a
// target path, a URL, an HTML page, a file name) and belongs to its project. Names come from
// upstream and may be hostile: no separator, no leading dot or dash, no control or non-ASCII
// character passes. Threading: immutable value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/pypi/project_name.h"
#include "common/pypi/version.h"

namespace rind::pypi {

enum class DistributionKind { kWheel, kSdist };

class Distribution {
 public:
  // InvalidArgument: the name is hostile or of another project; it is held back and reported.
  // FailedPrecondition: a form that installers no longer take (.egg, .exe, .rpm, ...): left out.
  static StatusOr<Distribution> Parse(std::string_view filename, const ProjectName& project);

  const std::string& filename() const { return filename_; }
  DistributionKind kind() const { return kind_; }
  // As the name spells it ("1.0.0"); nothing more than text.
  const std::string& version_text() const { return version_text_; }
  // Empty for versions from before PEP 440 ("2004-final").
  const std::optional<Version>& version() const { return version_; }

 private:
  Distribution() = default;
  std::string filename_;
  DistributionKind kind_ = DistributionKind::kWheel;
  std::string version_text_;
  std::optional<Version> version_;
};

}  // namespace rind::pypi
