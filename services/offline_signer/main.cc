#include "services/offline_signer/offline_signer.h"

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(argc, argv, rind::offline_signer::Spec());
}
