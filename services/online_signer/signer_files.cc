#include "services/online_signer/signer_files.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/runtime/passphrase.h"
#include "common/signing/ledger.h"

namespace rind::online_signer {
namespace {

using evidence::StatementKey;
using signing::SigningSession;

std::string ReceiptKeyPath(const SignerConfig& config) {
  return JoinPath(config.keys_folder, "receipts.statement-key");
}

bool IsContent(const SignerConfig& config) { return config.kind == signing::SignerKind::kContent; }

StatusOr<SecretBytes> Passphrase(const SignerConfig& config,
                                 const runtime::Environment& environment,
                                 const std::vector<std::string>& arguments) {
  return runtime::ChoosePassphrase(
      environment.files, config.passphrase_file, arguments,
      Cat("Passphrase of the ", signing::NameOf(config.kind), " signer's keys"));
}

bool Has(const std::vector<std::string>& arguments, std::string_view wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

void Print(const std::string& line) { std::printf("%s\n", line.c_str()); }

// Asks on standard output and reads standard input; only "yes" is yes.
bool Confirm(const std::string& question) {
  std::printf("%s Type yes: ", question.c_str());
  std::fflush(stdout);
  char answer[16] = {};
  return std::fgets(answer, sizeof answer, stdin) != nullptr && Trim(answer) == "yes";
}

// A signer's own public keys, without its passphrase.
StatusOr<signing::LedgerIdentity> IdentityWithoutKeys(const SignerConfig& config,
                                                      const runtime::Environment& environment) {
  std::string none = "-";  // public keys need no passphrase, and nothing is opened with this one
  RIND_ASSIGN_OR_RETURN(SecretBytes unused, SecretBytes::TakeFrom(none));
  const keystore::EncryptedFileKeyStore store(environment.files, environment.random,
                                              config.keys_folder, std::move(unused));
  RIND_ASSIGN_OR_RETURN(const auto keys, store.PublicKeys());
  signing::LedgerIdentity identity = {
      config.repository, std::string(signing::NameOf(config.kind)), {}};
  for (const auto& [role, key] : keys) identity.keys[role] = ToHex(key.identity());
  return identity;
}

Status InitReceiptKey(const SignerConfig& config, const runtime::Environment& environment,
                      const SecretBytes& passphrase) {
  const std::string path = ReceiptKeyPath(config);
  if (!environment.files.Stat(path).ok()) {
    RIND_ASSIGN_OR_RETURN(const StatementKey key, StatementKey::Generate(environment.random));
    RIND_RETURN_IF_ERROR(key.Save(environment.files, path, &passphrase, environment.random));
  }
  RIND_ASSIGN_OR_RETURN(const StatementKey key,
                        StatementKey::Load(environment.files, path, &passphrase));
  RIND_RETURN_IF_ERROR(
      evidence::SavePublicKey(environment.files, config.receipt_key_out, key.public_key()));
  Print(
      Cat("receipts          ", ToHex(key.public_key().identity()), "  ", config.receipt_key_out));
  return OkStatus();
}

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

StatusOr<SigningSession::Parts> LoadParts(const SignerConfig& config,
                                          const runtime::Environment& environment,
                                          const std::vector<std::string>& arguments) {
  SigningSession::Parts parts;
  parts.policy.kind = config.kind;
  parts.policy.repository = config.repository;
  RIND_ASSIGN_OR_RETURN(parts.policy.lifetimes, signing::LifetimesOf(config.profile));
  parts.policy.evidence_threshold = config.evidence_threshold;
  parts.policy.bin_bits = config.bin_bits;
  for (const std::string& path : config.evidence_key_files) {
    RIND_ASSIGN_OR_RETURN(PublicKey key, evidence::LoadPublicKey(environment.files, path));
    parts.policy.evidence_keys.push_back(std::move(key));
  }
  for (const std::string& path : config.receipt_key_files) {
    RIND_ASSIGN_OR_RETURN(PublicKey key, evidence::LoadPublicKey(environment.files, path));
    parts.policy.receipt_keys.push_back(std::move(key));
  }
  if (!config.claims_officer_key_file.empty()) {
    RIND_ASSIGN_OR_RETURN(
        parts.policy.claims_officer,
        evidence::LoadPublicKey(environment.files, config.claims_officer_key_file));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(config, environment, arguments));
  if (IsContent(config)) {
    RIND_ASSIGN_OR_RETURN(
        parts.receipts, StatementKey::Load(environment.files, ReceiptKeyPath(config), &passphrase));
  }
  const keystore::EncryptedFileKeyStore store(environment.files, environment.random,
                                              config.keys_folder, std::move(passphrase));
  for (const std::string& role : KeyRoles(config.kind)) {
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
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, Passphrase(config, environment, arguments));
  RIND_RETURN_IF_ERROR(environment.files.MakeDirectories(config.keys_folder, 0700));
  if (IsContent(config)) {
    RIND_RETURN_IF_ERROR(InitReceiptKey(config, environment, passphrase));
  }
  keystore::EncryptedFileKeyStore store(environment.files, environment.random, config.keys_folder,
                                        std::move(passphrase));
  SigningSession::Parts parts;
  parts.policy.kind = config.kind;
  parts.policy.repository = config.repository;
  for (const std::string& role : KeyRoles(config.kind)) {
    const auto made = store.Create(role);
    // A key that an interrupted `init` left is taken: without a ledger it has signed nothing.
    if (!made.ok() && !absl::IsAlreadyExists(made.status())) return made.status();
    RIND_ASSIGN_OR_RETURN(parts.signers[role], store.Open(role));
    Print(Cat(role, std::string(18 - role.size(), ' '),
              ToHex(parts.signers[role]->public_key().identity())));
  }
  // Last: a ledger says that all else is there.
  return signing::Ledger::Init(environment.files, config.ledger_folder,
                               SigningSession::IdentityOf(parts));
}

Status Destroy(runtime::Config& file, const runtime::Environment& environment,
               const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  Print(Cat("This deletes for ever the ", signing::NameOf(config.kind),
            " signer's keys and memory:"));
  Print(Cat("  ", config.keys_folder));
  Print(Cat("  ", config.ledger_folder));
  if (!Has(arguments, "--yes") && !Confirm("What they signed can't be continued.")) {
    return Cancelled("nothing was deleted");
  }
  const std::string ledger = signing::LedgerPath(config.ledger_folder);
  if (environment.files.Stat(ledger).ok()) {
    // Fails while the signer runs: it holds the lock.
    RIND_RETURN_IF_ERROR(AppendFile::Open(ledger, 0600).status());
  }
  RIND_RETURN_IF_ERROR(RemoveTree(environment.files, config.keys_folder));
  RIND_RETURN_IF_ERROR(RemoveTree(environment.files, config.ledger_folder));
  if (IsContent(config) && environment.files.Stat(config.receipt_key_out).ok()) {
    RIND_RETURN_IF_ERROR(environment.files.Remove(config.receipt_key_out));
  }
  Print("deleted");
  return OkStatus();
}

Status PrintState(runtime::Config& file, const runtime::Environment& environment,
                  const std::vector<std::string>& /*arguments*/) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const auto identity, IdentityWithoutKeys(config, environment));
  RIND_ASSIGN_OR_RETURN(const signing::Ledger ledger,
                        signing::Ledger::Open(environment.files, config.ledger_folder, identity));
  Print(Cat(signing::NameOf(config.kind), " signer of ", config.repository, ": ",
            ledger.memory().signatures(), " signatures, ", ledger.entries(), " ledger entries"));
  for (const auto& [role, key] : identity.keys) {
    Print(Cat("key  ", role, std::string(18 - std::min<std::size_t>(18, role.size()), ' '), key));
  }
  for (const auto& [role, last] : ledger.memory().roles()) {
    Print(Cat("role ", role.text(), " v", last.version, "  expires ", FormatUtc(last.expires), "  ",
              last.digest.Short()));
  }
  return OkStatus();
}

}  // namespace rind::online_signer
