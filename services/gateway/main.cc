#include "services/gateway/service.h"

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(argc, argv, rind::gateway::Spec());
}
