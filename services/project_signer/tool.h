// The command line of rind-project.
//
// Promise: exit 0 done, 1 refused (by a rule or by the manager), 2 wrong usage or could not tell;
// an error is one line on standard error. Everything that it will sign is shown before.
// Threading: called once.
#pragma once

namespace rind::project_signer {

int Main(int argc, char** argv);

}  // namespace rind::project_signer
