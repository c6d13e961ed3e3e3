// What a signer keeps on its host: sealed keys and a ledger; how they are made, opened, destroyed.
//
// Promise: made only by Init(), which replaces nothing and goes on where it was interrupted.
// Threading: one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret_bytes.h"
#include "common/base/status.h"
#include "common/keystore/key_store.h"
#include "common/runtime/service_main.h"
#include "common/signer_home/keys_config.h"
#include "common/signing/policy.h"

namespace rind::signer_home {

class SignerHome {
 public:
  struct Layout {
    signing::SignerKind kind = signing::SignerKind::kOffline;
    std::string repository;
    std::vector<std::string> key_roles;
    KeysConfig keys;
    std::string ledger_folder;
    // Whether something besides the keys of roles is sealed under the passphrase.
    bool seals_more = false;
  };
  using Signers = std::map<std::string, std::unique_ptr<keystore::PrivateSigner>>;

  // What `environment` names must outlive it.
  SignerHome(const runtime::Environment& environment, Layout layout)
      : environment_(environment), layout_(std::move(layout)) {}

  // `arguments` may hold `--passphrase-fd N`. Nobody is asked when nothing is sealed, because all
  // keys are in a token; the result opens nothing then.
  StatusOr<SecretBytes> Passphrase(const std::vector<std::string>& arguments) const;
  // The signer's keys, by key role: sealed files under the passphrase, or those of the token, whose
  // PIN is asked for.
  StatusOr<Signers> OpenKeys(SecretBytes passphrase) const;
  // Their public halves, without the passphrase (a token asks for its PIN).
  StatusOr<std::map<std::string, PublicKey>> PublicKeys() const;

  // Makes the keys, what `make_more` makes under the same passphrase, and last the ledger.
  // AlreadyExists when there is one, OK with `--keep`. `--make-passphrase` makes the passphrase
  // file too.
  Status Init(const std::vector<std::string>& arguments,
              const std::function<Status(const SecretBytes& passphrase)>& make_more) const;
  // Takes an Ed25519 key that another tool made (PEM, PKCS#8) for `role`, before `init`: a key
  // that has signed here is rotated, not replaced. The PEM's own passphrase is asked for when it
  // has one, or read from `--pem-passphrase-file FILE`.
  Status ImportKey(const std::vector<std::string>& arguments) const;
  // Writes the key of a role as PEM, encrypted under a passphrase that is asked for. Not from a
  // token: its keys never leave it.
  Status ExportKey(const std::vector<std::string>& arguments) const;
  // Deletes keys and ledger. Without `--yes` it asks; Cancelled when the answer is not yes. Fails
  // while the signer runs.
  Status Destroy(const std::vector<std::string>& arguments, std::string_view consequence) const;

 private:
  // Whether anything is sealed under a passphrase.
  bool Seals() const;
  Status MakePassphraseFile() const;
  // The role that `arguments` begin with, of a signer whose keys are files.
  StatusOr<std::string> RoleOf(const std::vector<std::string>& arguments) const;
  StatusOr<std::unique_ptr<keystore::KeyStore>> OpenStore(SecretBytes passphrase) const;

  runtime::Environment environment_;
  Layout layout_;
};

// One line on standard output.
void Print(std::string_view line);
// Asks on standard output and reads standard input; only "yes" is yes.
bool Confirm(std::string_view question);

}  // namespace rind::signer_home
