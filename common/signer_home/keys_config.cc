#include "common/signer_home/keys_config.h"

namespace rind::signer_home {

KeysConfig ReadKeysConfig(runtime::Config& config) {
  KeysConfig out;
  out.folder = config.Path("keys.directory");
  out.passphrase_file = config.PathOr("keys.passphrase_file", "");
  const bool token = config.ChoiceOr("keys.backend", {"files", "pkcs11"}, "files") == "pkcs11";
  TokenConfig read;
  read.module = config.PathOr("keys.pkcs11_module", "");
  read.label = config.StringOr("keys.pkcs11_token", "");
  read.pin_file = config.PathOr("keys.pkcs11_pin_file", "");
  const std::string scheme =
      config.ChoiceOr("keys.pkcs11_scheme", {"ed25519", "ecdsa-sha2-nistp256"}, "ed25519");
  if (scheme != "ed25519") read.scheme = KeyScheme::kEcdsaSha2Nistp256;
  const bool named = !read.module.empty() && !read.label.empty();
  if (token && read.module.empty()) {
    config.Problem("keys.pkcs11_module", "wanted the path of the token's PKCS#11 library");
  }
  if (token && read.label.empty()) config.Problem("keys.pkcs11_token", "wanted the token's label");
  if (!token && (!read.module.empty() || !read.label.empty() || !read.pin_file.empty())) {
    config.Problem("keys.backend", "wanted \"pkcs11\" for the keys.pkcs11_... beside it");
  }
  if (token && named) out.token = read;
  return out;
}

}  // namespace rind::signer_home
