// The section [keys] of a signer's config, the same for all signers (docs/configuration.md).
//
// Promise: read strictly; problems go to the config's list, as for its other keys.
// Threading: plain values.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/crypto/public_key.h"
#include "common/runtime/config.h"

namespace rind::signer_home {

// Where keys are that never leave a PKCS#11 token.
struct TokenConfig {
  std::string module;                      // the path of its library
  std::string label;                       // of the token
  std::string pin_file;                    // "": a person is asked
  KeyScheme scheme = KeyScheme::kEd25519;  // of keys that `init` makes
};

struct KeysConfig {
  // Sealed key files; with a token, the folder of what else the signer keeps (the receipt key).
  std::string folder;
  std::string passphrase_file;  // "": a person is asked
  std::optional<TokenConfig> token;
};

KeysConfig ReadKeysConfig(runtime::Config& config);

}  // namespace rind::signer_home
