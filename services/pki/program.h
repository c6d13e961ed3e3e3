// The command line of `rind-pki`.
//
// Promise: one line for each certificate; exit 0 when all are in place, 1 when one is not, 2 for
// wrong usage.
// Threading: called once.
#pragma once

namespace rind::pki {

int Run(int argc, char** argv);

}  // namespace rind::pki
