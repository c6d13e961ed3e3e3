// Which rind this is.
//
// Promise: the version of the CMake project.
// Threading: a constant.
#pragma once

namespace rind::runtime {

inline constexpr char kVersion[] = RIND_VERSION;

}  // namespace rind::runtime
