#include "services/delegation_manager/delegation_manager.h"

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(argc, argv, rind::delegation_manager::Spec());
}
