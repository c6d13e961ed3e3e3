#include "services/pki/program.h"

int main(int argc, char** argv) { return rind::pki::Run(argc, argv); }
