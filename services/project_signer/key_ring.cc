#include "services/project_signer/key_ring.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/tuf/json/encode.h"

namespace rind::project_signer {
namespace {

constexpr std::uint64_t kMaxPublicKeyFile = 4096;

// Nothing is sealed or opened with it: reading public halves takes no passphrase.
StatusOr<SecretBytes> NoPassphrase() { return SecretBytes::Create(1); }

}  // namespace

StatusOr<std::map<std::string, PublicKey>> KeysOf(const Context& context,
                                                  const Workspace& workspace) {
  RIND_ASSIGN_OR_RETURN(SecretBytes none, NoPassphrase());
  const keystore::EncryptedFileKeyStore store(context.files, context.random, workspace.KeyFolder(),
                                              std::move(none), context.cost);
  auto keys = store.PublicKeys();
  if (absl::IsNotFound(keys.status())) return std::map<std::string, PublicKey>();
  return keys;
}

StatusOr<PublicKey> ReadPublicKeyFile(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const std::string text, files.Read(path, kMaxPublicKeyFile));
  auto key = PublicKey::Create(KeyScheme::kEd25519, Trim(text));
  if (!key.ok()) return Annotate(key.status(), path);
  return key;
}

StatusOr<KeyRing> KeyRing::Unlock(const Context& context, const Workspace& workspace,
                                  const std::vector<PublicKey>& wanted) {
  RIND_ASSIGN_OR_RETURN(const auto here, KeysOf(context, workspace));
  std::vector<std::string> names;
  for (const auto& [name, key] : here) {
    if (std::find(wanted.begin(), wanted.end(), key) != wanted.end()) names.push_back(name);
  }
  if (names.empty()) {
    return NotFound(Cat(workspace.KeyFolder(),
                        ": none of the project's keys is here; "
                        "`rind-project init` makes them"));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, context.passphrase(false));
  const keystore::EncryptedFileKeyStore store(context.files, context.random, workspace.KeyFolder(),
                                              std::move(passphrase), context.cost);
  KeyRing ring;
  for (const std::string& name : names) {
    RIND_ASSIGN_OR_RETURN(auto signer, store.Open(name));
    ring.keys_.emplace_back(std::move(signer));
  }
  return ring;
}

StatusOr<std::string> KeyRing::SignRole(const tuf::Targets& role) const {
  std::vector<tuf::Signature> signatures;
  for (const ProjectKey& key : keys_) {
    RIND_ASSIGN_OR_RETURN(tuf::Signature signature, key.SignRole(role));
    signatures.push_back(std::move(signature));
  }
  return tuf::EncodeEnvelope(tuf::EncodeCanonical(role), std::move(signatures));
}

StatusOr<std::vector<ClaimSignature>> KeyRing::SignClaim(
    const evidence::ClaimStatement& claim) const {
  std::vector<ClaimSignature> signatures;
  for (const PublicKey& wanted : claim.keys) {
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const ProjectKey& candidate) {
      return candidate.public_key() == wanted;
    });
    const std::string id = evidence::StatementKeyId(wanted);
    if (key == keys_.end()) {
      return NotFound(Cat("key ", id.substr(0, 8),
                          ": is not on this machine, and each key must prove that it is held"));
    }
    RIND_ASSIGN_OR_RETURN(std::string signature, key->SignClaim(claim));
    signatures.push_back({.key_id = id, .signature = std::move(signature)});
  }
  return signatures;
}

}  // namespace rind::project_signer
