#include "common/signer_home/signer_home.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/runtime/passphrase.h"
#include "common/signing/ledger.h"
#include "common/signing/signing_session.h"

namespace rind::signer_home {
namespace {

using signing::SigningSession;

constexpr std::size_t kRoleColumn = 18;

bool Has(const std::vector<std::string>& arguments, std::string_view wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

}  // namespace

StatusOr<SecretBytes> SignerHome::Passphrase(const std::vector<std::string>& arguments) const {
  return runtime::ChoosePassphrase(
      environment_.files, layout_.passphrase_file, arguments,
      Cat("Passphrase of the ", signing::NameOf(layout_.kind), " signer's keys"));
}

StatusOr<SignerHome::Signers> SignerHome::OpenKeys(SecretBytes passphrase) const {
  const keystore::EncryptedFileKeyStore store(environment_.files, environment_.random,
                                              layout_.keys_folder, std::move(passphrase));
  Signers signers;
  for (const std::string& role : layout_.key_roles) {
    RIND_ASSIGN_OR_RETURN(signers[role], store.Open(role));
  }
  return signers;
}

// For demos and first steps, where nobody is asked.
Status SignerHome::MakePassphraseFile() const {
  const std::string& path = layout_.passphrase_file;
  if (path.empty()) {
    return InvalidArgument("--make-passphrase: the config names no keys.passphrase_file");
  }
  if (environment_.files.Stat(path).ok()) return OkStatus();
  return environment_.files.Create(path, Cat(ToHex(environment_.random.Bytes(32)), "\n"), 0600);
}

Status SignerHome::Init(
    const std::vector<std::string>& arguments,
    const std::function<Status(const SecretBytes& passphrase)>& make_more) const {
  const std::string ledger = signing::LedgerPath(layout_.ledger_folder);
  if (environment_.files.Stat(ledger).ok()) {
    if (Has(arguments, "--keep")) return OkStatus();
    return AlreadyExists(
        Cat(ledger, ": this signer is set up; `destroy` deletes its keys and ledger"));
  }
  if (Has(arguments, "--make-passphrase")) RIND_RETURN_IF_ERROR(MakePassphraseFile());
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(arguments));
  RIND_RETURN_IF_ERROR(environment_.files.MakeDirectories(layout_.keys_folder, 0700));
  RIND_RETURN_IF_ERROR(make_more(passphrase));
  keystore::EncryptedFileKeyStore store(environment_.files, environment_.random,
                                        layout_.keys_folder, std::move(passphrase));
  SigningSession::Parts parts;
  parts.policy.kind = layout_.kind;
  parts.policy.repository = layout_.repository;
  for (const std::string& role : layout_.key_roles) {
    const auto made = store.Create(role);
    // A key that an interrupted `init` left is taken: without a ledger it has signed nothing.
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    RIND_ASSIGN_OR_RETURN(parts.signers[role], store.Open(role));
    Print(Cat(role, std::string(kRoleColumn - std::min(kRoleColumn, role.size()), ' '),
              ToHex(parts.signers[role]->public_key().identity())));
  }
  // Last: a ledger says that all else is there.
  return signing::Ledger::Init(environment_.files, layout_.ledger_folder,
                               SigningSession::IdentityOf(parts));
}

Status SignerHome::Destroy(const std::vector<std::string>& arguments,
                           std::string_view consequence) const {
  Print(Cat("This deletes for ever the ", signing::NameOf(layout_.kind), " signer's keys (",
            Join(layout_.key_roles, ", "), ") and memory:"));
  Print(Cat("  ", layout_.keys_folder));
  Print(Cat("  ", layout_.ledger_folder));
  if (!Has(arguments, "--yes") && !Confirm(consequence)) return Cancelled("nothing was deleted");
  const std::string ledger = signing::LedgerPath(layout_.ledger_folder);
  if (environment_.files.Stat(ledger).ok()) {
    // Fails while the signer runs: it holds the lock.
    RIND_RETURN_IF_ERROR(AppendFile::Open(ledger, 0600).status());
  }
  RIND_RETURN_IF_ERROR(RemoveTree(environment_.files, layout_.keys_folder));
  return RemoveTree(environment_.files, layout_.ledger_folder);
}

void Print(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
}

bool Confirm(std::string_view question) {
  std::printf("%.*s Type yes: ", static_cast<int>(question.size()), question.data());
  std::fflush(stdout);
  std::array<char, 16> answer{};
  return std::fgets(answer.data(), answer.size(), stdin) != nullptr && Trim(answer.data()) == "yes";
}

}  // namespace rind::signer_home
