#include "services/offline_signer/signer_files.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/runtime/passphrase.h"
#include "common/signing/ledger.h"

namespace rind::offline_signer {
namespace {

using signing::SigningSession;

constexpr char kPrompt[] = "Passphrase of the offline keys";

bool Has(const std::vector<std::string>& arguments, std::string_view wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

void Print(const std::string& line) { std::printf("%s\n", line.c_str()); }

// `init --make-passphrase`: for demos and first steps, where nobody is asked.
Status MakePassphraseFile(const SignerConfig& config, const runtime::Environment& environment) {
  if (config.passphrase_file.empty()) {
    return InvalidArgument("--make-passphrase: the config names no keys.passphrase_file");
  }
  if (environment.files.Stat(config.passphrase_file).ok()) return OkStatus();
  return environment.files.Create(config.passphrase_file,
                                  Cat(ToHex(environment.random.Bytes(32)), "\n"), 0600);
}

}  // namespace

bool Confirm(const std::string& question) {
  std::printf("%s Type yes: ", question.c_str());
  std::fflush(stdout);
  char answer[16] = {};
  return std::fgets(answer, sizeof answer, stdin) != nullptr && Trim(answer) == "yes";
}

StatusOr<SigningSession::Parts> LoadParts(const SignerConfig& config,
                                          const runtime::Environment& environment) {
  SigningSession::Parts parts;
  parts.policy.kind = signing::SignerKind::kOffline;
  parts.policy.repository = config.repository;
  RIND_ASSIGN_OR_RETURN(parts.policy.lifetimes, signing::LifetimesOf("default"));
  if (!config.claims_officer_key_file.empty()) {
    RIND_ASSIGN_OR_RETURN(
        parts.policy.claims_officer,
        evidence::LoadPublicKey(environment.files, config.claims_officer_key_file));
  }
  RIND_ASSIGN_OR_RETURN(
      SecretBytes passphrase,
      runtime::ChoosePassphrase(environment.files, config.passphrase_file, {}, kPrompt));
  const keystore::EncryptedFileKeyStore store(environment.files, environment.random,
                                              config.keys_folder, std::move(passphrase));
  for (const std::string& role : KeyRoles()) {
    RIND_ASSIGN_OR_RETURN(parts.signers[role], store.Open(role));
  }
  return parts;
}

Status Init(runtime::Config& file, const runtime::Environment& environment,
            const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  if (environment.files.Stat(signing::LedgerPath(config.ledger_folder)).ok()) {
    if (Has(arguments, "--keep")) return OkStatus();
    return AlreadyExists(Cat(signing::LedgerPath(config.ledger_folder),
                             ": this signer is set up; `destroy` deletes its keys and ledger"));
  }
  if (Has(arguments, "--make-passphrase")) {
    RIND_RETURN_IF_ERROR(MakePassphraseFile(config, environment));
  }
  RIND_ASSIGN_OR_RETURN(
      SecretBytes passphrase,
      runtime::ChoosePassphrase(environment.files, config.passphrase_file, arguments, kPrompt));
  keystore::EncryptedFileKeyStore store(environment.files, environment.random, config.keys_folder,
                                        std::move(passphrase));
  SigningSession::Parts parts;
  parts.policy.kind = signing::SignerKind::kOffline;
  parts.policy.repository = config.repository;
  for (const std::string& role : KeyRoles()) {
    const auto made = store.Create(role);
    // A key that an interrupted `init` left is taken: without a ledger it has signed nothing.
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    RIND_ASSIGN_OR_RETURN(parts.signers[role], store.Open(role));
    Print(Cat(role, std::string(12 - role.size(), ' '),
              ToHex(parts.signers[role]->public_key().identity())));
  }
  // Last: a ledger says that all else is there.
  return signing::Ledger::Init(environment.files, config.ledger_folder,
                               SigningSession::IdentityOf(parts));
}

Status Destroy(runtime::Config& file, const runtime::Environment& environment,
               const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  Print(
      "This deletes for ever the keys of root, targets, claimed and unclaimed, and their memory:");
  Print(Cat("  ", config.keys_folder));
  Print(Cat("  ", config.ledger_folder));
  if (!Has(arguments, "--yes") && !Confirm("No client that trusts them can be updated then.")) {
    return Cancelled("nothing was deleted");
  }
  const std::string ledger = signing::LedgerPath(config.ledger_folder);
  if (environment.files.Stat(ledger).ok()) {
    // Fails while the signer runs: it holds the lock.
    RIND_RETURN_IF_ERROR(AppendFile::Open(ledger, 0600).status());
  }
  RIND_RETURN_IF_ERROR(RemoveTree(environment.files, config.keys_folder));
  RIND_RETURN_IF_ERROR(RemoveTree(environment.files, config.ledger_folder));
  Print("deleted");
  return OkStatus();
}

}  // namespace rind::offline_signer
