#include "common/signer_home/signer_home.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/keystore/pem_key.h"
#include "common/keystore/pkcs11_key_store.h"
#include "common/keystore/pkcs11_token.h"
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

// The argument after `flag`; "" when it is not there.
std::string ValueOf(const std::vector<std::string>& arguments, std::string_view flag) {
  const auto found = std::find(arguments.begin(), arguments.end(), flag);
  return found == arguments.end() || found + 1 == arguments.end() ? "" : *(found + 1);
}

// For stores that ask for nothing, or for something else.
StatusOr<SecretBytes> NoPassphrase() {
  std::string text = "-";
  return SecretBytes::TakeFrom(text);
}

constexpr std::size_t kMaxPemBytes = 16384;

}  // namespace

bool SignerHome::Seals() const { return !layout_.keys.token.has_value() || layout_.seals_more; }

StatusOr<SecretBytes> SignerHome::Passphrase(const std::vector<std::string>& arguments) const {
  if (!Seals()) return NoPassphrase();
  return runtime::ChoosePassphrase(
      environment_.files, layout_.keys.passphrase_file, arguments,
      Cat("Passphrase of the ", signing::NameOf(layout_.kind), " signer's keys"));
}

StatusOr<std::unique_ptr<keystore::KeyStore>> SignerHome::OpenStore(SecretBytes passphrase) const {
  if (!layout_.keys.token.has_value()) {
    return std::make_unique<keystore::EncryptedFileKeyStore>(
        environment_.files, environment_.random, layout_.keys.folder, std::move(passphrase));
  }
  const TokenConfig& token = *layout_.keys.token;
  RIND_ASSIGN_OR_RETURN(SecretBytes pin,
                        runtime::ChoosePassphrase(environment_.files, token.pin_file, {},
                                                  Cat("PIN of the token ", token.label)));
  RIND_ASSIGN_OR_RETURN(auto opened,
                        keystore::Pkcs11Token::Open(token.module, token.label, std::move(pin)));
  // One token may hold the keys of several repositories.
  return keystore::Pkcs11KeyStore::Create(std::move(opened), Cat(layout_.repository, "."),
                                          token.scheme);
}

StatusOr<SignerHome::Signers> SignerHome::OpenKeys(SecretBytes passphrase) const {
  RIND_ASSIGN_OR_RETURN(const auto store, OpenStore(std::move(passphrase)));
  Signers signers;
  for (const std::string& role : layout_.key_roles) {
    RIND_ASSIGN_OR_RETURN(signers[role], store->Open(role));
  }
  return signers;
}

StatusOr<std::map<std::string, PublicKey>> SignerHome::PublicKeys() const {
  RIND_ASSIGN_OR_RETURN(SecretBytes unused, NoPassphrase());
  RIND_ASSIGN_OR_RETURN(const auto store, OpenStore(std::move(unused)));
  RIND_ASSIGN_OR_RETURN(auto keys, store->PublicKeys());
  // A token holds other signers' keys too.
  std::erase_if(keys, [this](const auto& entry) {
    return std::find(layout_.key_roles.begin(), layout_.key_roles.end(), entry.first) ==
           layout_.key_roles.end();
  });
  return keys;
}

// For demos and first steps, where nobody is asked.
Status SignerHome::MakePassphraseFile() const {
  const std::string& path = layout_.keys.passphrase_file;
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
  if (Seals() && Has(arguments, "--make-passphrase")) RIND_RETURN_IF_ERROR(MakePassphraseFile());
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(arguments));
  RIND_RETURN_IF_ERROR(environment_.files.MakeDirectories(layout_.keys.folder, 0700));
  RIND_RETURN_IF_ERROR(make_more(passphrase));
  RIND_ASSIGN_OR_RETURN(const auto store, OpenStore(std::move(passphrase)));
  SigningSession::Parts parts;
  parts.policy.kind = layout_.kind;
  parts.policy.repository = layout_.repository;
  for (const std::string& role : layout_.key_roles) {
    const auto made = store->Create(role);
    // A key that an interrupted `init` left is taken: without a ledger it has signed nothing.
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    RIND_ASSIGN_OR_RETURN(parts.signers[role], store->Open(role));
    Print(Cat(role, std::string(kRoleColumn - std::min(kRoleColumn, role.size()), ' '),
              ToHex(parts.signers[role]->public_key().identity())));
  }
  // Last: a ledger says that all else is there.
  return signing::Ledger::Init(environment_.files, layout_.ledger_folder,
                               SigningSession::IdentityOf(parts));
}

StatusOr<std::string> SignerHome::RoleOf(const std::vector<std::string>& arguments) const {
  const std::string role = arguments.empty() ? "" : arguments[0];
  if (std::find(layout_.key_roles.begin(), layout_.key_roles.end(), role) ==
      layout_.key_roles.end()) {
    return InvalidArgument(
        Cat("key '", Printable(role, 40), "': wanted one of ", Join(layout_.key_roles, ", ")));
  }
  if (layout_.keys.token.has_value()) {
    return FailedPrecondition(
        "keys.backend is pkcs11: a token's keys are made in it and stay there");
  }
  return role;
}

Status SignerHome::ImportKey(const std::vector<std::string>& arguments) const {
  RIND_ASSIGN_OR_RETURN(const std::string role, RoleOf(arguments));
  if (arguments.size() < 2 || arguments[1].starts_with("-")) {
    return InvalidArgument("import-key: wanted ROLE FILE [--pem-passphrase-file FILE]");
  }
  if (environment_.files.Stat(signing::LedgerPath(layout_.ledger_folder)).ok()) {
    return FailedPrecondition(
        "this signer is set up: its keys are rotated by a ceremony, not replaced");
  }
  RIND_ASSIGN_OR_RETURN(const std::string pem, environment_.files.Read(arguments[1], kMaxPemBytes));
  auto seed = keystore::ReadPem(pem, nullptr);
  if (absl::IsFailedPrecondition(seed.status())) {  // it is encrypted
    RIND_ASSIGN_OR_RETURN(
        const SecretBytes secret,
        runtime::ChoosePassphrase(environment_.files, ValueOf(arguments, "--pem-passphrase-file"),
                                  {}, Cat("Passphrase of ", arguments[1])));
    seed = keystore::ReadPem(pem, &secret);
  }
  if (!seed.ok()) return Annotate(seed.status(), arguments[1]);
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(arguments));
  keystore::EncryptedFileKeyStore store(environment_.files, environment_.random,
                                        layout_.keys.folder, std::move(passphrase));
  RIND_ASSIGN_OR_RETURN(const PublicKey key, store.Import(role, *seed));
  Print(Cat(role, "  ", key.material(), "  imported; now run init"));
  return OkStatus();
}

Status SignerHome::ExportKey(const std::vector<std::string>& arguments) const {
  RIND_ASSIGN_OR_RETURN(const std::string role, RoleOf(arguments));
  const std::string out = ValueOf(arguments, "--out");
  if (out.empty()) {
    return InvalidArgument("export-key: wanted ROLE --out FILE [--pem-passphrase-file FILE]");
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(arguments));
  const keystore::EncryptedFileKeyStore store(environment_.files, environment_.random,
                                              layout_.keys.folder, std::move(passphrase));
  RIND_ASSIGN_OR_RETURN(
      const SecretBytes secret,
      runtime::ChoosePassphrase(environment_.files, ValueOf(arguments, "--pem-passphrase-file"), {},
                                Cat("New passphrase for ", out)));
  RIND_ASSIGN_OR_RETURN(const std::string pem, store.Export(role, secret));
  RIND_RETURN_IF_ERROR(environment_.files.Create(out, pem, 0600));
  Print(Cat(out, ": the key of ", role, ". Whoever has this file and its passphrase signs as ",
            role, "."));
  return OkStatus();
}

Status SignerHome::Destroy(const std::vector<std::string>& arguments,
                           std::string_view consequence) const {
  Print(Cat("This deletes for ever the ", signing::NameOf(layout_.kind), " signer's keys (",
            Join(layout_.key_roles, ", "), ") and memory:"));
  Print(Cat("  ", layout_.keys.folder));
  if (layout_.keys.token.has_value()) {
    Print(Cat("  the keys ", layout_.repository, ".* in the token ", layout_.keys.token->label));
  }
  Print(Cat("  ", layout_.ledger_folder));
  if (!Has(arguments, "--yes") && !Confirm(consequence)) return Cancelled("nothing was deleted");
  const std::string ledger = signing::LedgerPath(layout_.ledger_folder);
  if (environment_.files.Stat(ledger).ok()) {
    // Fails while the signer runs: it holds the lock.
    RIND_RETURN_IF_ERROR(AppendFile::Open(ledger, 0600).status());
  }
  if (layout_.keys.token.has_value()) {
    RIND_ASSIGN_OR_RETURN(SecretBytes unused, NoPassphrase());
    RIND_ASSIGN_OR_RETURN(const auto store, OpenStore(std::move(unused)));
    for (const std::string& role : layout_.key_roles) {
      Status status = store->Destroy(role);
      if (!status.ok() && !absl::IsNotFound(status)) return status;
    }
  }
  RIND_RETURN_IF_ERROR(RemoveTree(environment_.files, layout_.keys.folder));
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
