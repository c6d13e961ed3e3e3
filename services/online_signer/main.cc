#include "services/online_signer/online_signer.h"

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(argc, argv, rind::online_signer::Spec());
}
