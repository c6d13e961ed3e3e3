// The core metadata of a distribution (PEP 566/643), as PEP 658 serves it beside the file.
//
// Promise: reads the headers only, bounded; the text comes from upstream and may be anything.
// Threading: pure functions.
#pragma once

#include <set>
#include <string_view>

#include "common/base/status.h"
#include "common/pypi/project_name.h"

namespace rind::pypi {

// Names that Requires-Dist wants without an extra. A requirement that can't be read is skipped: it
// would not be found by an installer either. InvalidArgument when these are no headers at all.
StatusOr<std::set<ProjectName>> RequiredProjects(std::string_view core_metadata);

}  // namespace rind::pypi
