// Named places at which a test makes the process die, to prove that a crash there is survived.
//
// Promise: Failpoint("signer.after_intent") does nothing at all unless the environment says so:
//   RIND_FAILPOINT=NAME      kills the process (SIGKILL) when it reaches NAME
//   RIND_FAILPOINT=NAME:3    ... when it reaches NAME the third time
//   RIND_FAILPOINT_LOG=FILE  appends every name that is reached to FILE, one a line: a test that
//                            runs once with it knows all the places there are
// A name is SERVICE.WHERE, in lower case. Reaching a place costs one comparison of a flag.
// Threading: thread-safe.
#pragma once

#include <string_view>

namespace rind {

void Failpoint(std::string_view name);

}  // namespace rind
