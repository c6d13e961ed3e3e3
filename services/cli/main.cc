#include "services/cli/command.h"

int main(int argc, char** argv) { return rind::cli::Main(argc, argv); }
