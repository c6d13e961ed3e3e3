// rind-project: a developer's tool for projects that are signed by their own keys.
#include "services/project_signer/tool.h"

int main(int argc, char** argv) { return rind::project_signer::Main(argc, argv); }
