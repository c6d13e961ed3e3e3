// The permit with which tests of key stores sign. Named as a friend by SigningPermit.
// Promise: included by tests of this folder only. Threading: none.
#pragma once

#include "common/keystore/private_signer.h"

namespace rind::keystore {

class SigningPermitForTest {
 public:
  static SigningPermit Make() { return {}; }
};

}  // namespace rind::keystore
