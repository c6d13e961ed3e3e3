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
#include "common/signing/policy.h"

namespace rind::signer_home {

class SignerHome {
 public:
  struct Layout {
    signing::SignerKind kind = signing::SignerKind::kOffline;
    std::string repository;
    std::vector<std::string> key_roles;
    std::string keys_folder;
    std::string passphrase_file;  // "": a person is asked
    std::string ledger_folder;
  };
  using Signers = std::map<std::string, std::unique_ptr<keystore::PrivateSigner>>;

  // What `environment` names must outlive it.
  SignerHome(const runtime::Environment& environment, Layout layout)
      : environment_(environment), layout_(std::move(layout)) {}

  // `arguments` may hold `--passphrase-fd N`.
  StatusOr<SecretBytes> Passphrase(const std::vector<std::string>& arguments) const;
  // By key role.
  StatusOr<Signers> OpenKeys(SecretBytes passphrase) const;

  // Makes the keys, what `make_more` makes under the same passphrase, and last the ledger.
  // AlreadyExists when there is one, OK with `--keep`. `--make-passphrase` makes the passphrase
  // file too.
  Status Init(const std::vector<std::string>& arguments,
              const std::function<Status(const SecretBytes& passphrase)>& make_more) const;
  // Deletes keys and ledger. Without `--yes` it asks; Cancelled when the answer is not yes. Fails
  // while the signer runs.
  Status Destroy(const std::vector<std::string>& arguments, std::string_view consequence) const;

 private:
  Status MakePassphraseFile() const;

  runtime::Environment environment_;
  Layout layout_;
};

// One line on standard output.
void Print(std::string_view line);
// Asks on standard output and reads standard input; only "yes" is yes.
bool Confirm(std::string_view question);

}  // namespace rind::signer_home
