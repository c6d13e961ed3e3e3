#include <CLI/CLI.hpp>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/runtime/passphrase.h"
#include "services/cli/commands_table.h"
#include "services/cli/officer_key.h"
#include "services/cli/operator_client.h"

namespace rind::cli {
namespace {

struct KeyFlags {
  std::string key;
  std::string passphrase_file;
  std::optional<int> passphrase_fd;
  bool no_passphrase = false;
};

struct KeygenFlags {
  KeyFlags key;
  std::string public_out;
  std::string make_passphrase;
  bool keep = false;
};

struct AuthoriseFlags {
  KeyFlags key;
  std::string project;
  bool yes = false;
};

// Null: the key is not sealed.
StatusOr<std::unique_ptr<SecretBytes>> Passphrase(Session& session, const KeyFlags& flags,
                                                  bool make) {
  if (flags.no_passphrase) return nullptr;
  StatusOr<SecretBytes> secret = InvalidArgument("");
  if (!flags.passphrase_file.empty()) {
    secret = runtime::ReadPassphraseFile(session.files, flags.passphrase_file);
  } else if (flags.passphrase_fd) {
    secret = runtime::ReadPassphraseDescriptor(*flags.passphrase_fd);
  } else {
    secret = runtime::AskPassphrase(make ? "Passphrase for the new officer key: "
                                         : "Passphrase of the officer key: ");
    if (secret.ok() && make) {
      RIND_ASSIGN_OR_RETURN(const SecretBytes again, runtime::AskPassphrase("The same again: "));
      if (!again.Equals(*secret)) return InvalidArgument("the two passphrases differ");
    }
  }
  if (!secret.ok()) return AsUsage(secret.status());
  return std::make_unique<SecretBytes>(*std::move(secret));
}

StatusOr<Answer> RunList(Session& session, bool waiting) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  RIND_ASSIGN_OR_RETURN(const std::vector<Claim> claims, manager->ListClaims(waiting));
  std::vector<std::vector<std::string>> rows = {{"PROJECT", "STATE", "SINCE", "DETAIL"}};
  JsonValue json = JsonValue::Array();
  for (const Claim& claim : claims) {
    const std::string since = FormatUtc(absl::FromUnixSeconds(claim.since));
    rows.push_back(
        {Printable(claim.project), Printable(claim.state), since, Printable(claim.detail)});
    json.Append(JsonValue::Object()
                    .Set("project", claim.project)
                    .Set("state", claim.state)
                    .Set("since", since)
                    .Set("detail", claim.detail));
  }
  if (claims.empty()) {
    session.out().Line(waiting ? "no claim waits for the officer" : "no claims");
  } else {
    session.out().Table(rows);
  }
  session.out().Result(JsonValue::Object().Set("claims", std::move(json)));
  return Answer::kDone;
}

StatusOr<Answer> RunKeygen(Session& session, KeygenFlags keygen) {
  KeyFlags& flags = keygen.key;
  const std::string public_half =
      keygen.public_out.empty() ? PublicHalfPath(flags.key) : keygen.public_out;
  if (keygen.keep && session.files.Stat(flags.key).ok() && session.files.Stat(public_half).ok()) {
    session.out().Line(Cat("kept: ", flags.key, ", ", public_half));
    session.out().Result(
        JsonValue::Object().Set("key", flags.key).Set("public_key_file", public_half));
    return Answer::kDone;
  }
  if (!keygen.make_passphrase.empty()) {
    RIND_RETURN_IF_ERROR(session.files.Create(keygen.make_passphrase,
                                              Cat(ToHex(session.random.Bytes(32)), "\n"), 0600));
    flags.passphrase_file = keygen.make_passphrase;
  }
  RIND_ASSIGN_OR_RETURN(const auto passphrase, Passphrase(session, flags, true));
  RIND_ASSIGN_OR_RETURN(
      const std::string material,
      MakeOfficerKey(session.files, flags.key, public_half, passphrase.get(), session.random));
  session.out().Line(Cat("private half: ", flags.key, passphrase ? " (sealed)" : " (not sealed)"));
  session.out().Line(Cat("public half:  ", public_half, "  ", material));
  session.out().Line(
      "pin the public half in [policy] claims_officer_key_file of the offline signer and "
      "of the content-signer");
  session.out().Result(JsonValue::Object()
                           .Set("key", flags.key)
                           .Set("public_key_file", public_half)
                           .Set("public_key", material));
  return Answer::kDone;
}

// The one claim of that name that waits; its bytes are checked before anyone is asked.
StatusOr<Claim> WaitingClaim(OperatorClient& manager, const std::string& project) {
  RIND_ASSIGN_OR_RETURN(const std::vector<Claim> claims, manager.ListClaims(true));
  for (const Claim& claim : claims) {
    if (claim.project == project) return claim;
  }
  return FailedPrecondition(Cat(Printable(project),
                                ": no claim of that name waits; `rind claims list` "
                                "shows all, `rind-project claim` asks for one"));
}

Status CheckRequest(const Claim& claim, const evidence::ClaimStatement& statement,
                    const std::string& repository, absl::Time now) {
  if (statement.project != claim.project) {
    return FailedPrecondition(Cat("the request is for ", Printable(statement.project), ", wanted ",
                                  Printable(claim.project)));
  }
  if (statement.repository != repository) {
    return FailedPrecondition(Cat("the request is for repository ", Printable(statement.repository),
                                  ", this is ", Printable(repository)));
  }
  if (statement.expires <= now) {
    return FailedPrecondition(Cat("the request expired on ", FormatUtc(statement.expires)));
  }
  for (const PublicKey& key : statement.keys) {
    bool proven = false;
    for (const StatementSignature& signature : claim.signatures) {
      proven =
          proven || (signature.key_id == evidence::StatementKeyId(key) &&
                     evidence::VerifyStatement(key, claim.statement, signature.signature).ok());
    }
    if (!proven) {
      return FailedPrecondition(Cat("key ", key.material().substr(0, 16),
                                    "... did not sign the request: nobody showed to hold it"));
    }
  }
  return OkStatus();
}

void Describe(Output& out, const evidence::ClaimStatement& statement) {
  out.Note(Cat("claim for ", statement.project, " in ", statement.repository));
  for (const PublicKey& key : statement.keys) {
    out.Note(Cat("  key        ", key.material()));
  }
  out.Note(Cat("  threshold  ", statement.threshold.value(), " of ", statement.keys.size()));
  out.Note(Cat("  expires    ", FormatUtc(statement.expires)));
  out.Note("Ask the project's people, by a way that you trust, whether these are their keys.");
}

StatusOr<Answer> RunAuthorise(Session& session, const AuthoriseFlags& flags) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  RIND_ASSIGN_OR_RETURN(const RepositoryStatus status, manager->GetStatus());
  RIND_ASSIGN_OR_RETURN(Claim claim, WaitingClaim(*manager, flags.project));
  RIND_ASSIGN_OR_RETURN(const evidence::ClaimStatement statement,
                        evidence::DecodeClaim(claim.statement));
  RIND_RETURN_IF_ERROR(CheckRequest(claim, statement, status.repository_id, session.clock.Now()));
  Describe(session.out(), statement);
  if (!flags.yes && !Confirm("Sign?")) {
    session.out().Line("not signed");
    session.out().Result(JsonValue::Object().Set("project", claim.project).Set("signed", false));
    return Answer::kNo;
  }
  RIND_ASSIGN_OR_RETURN(const auto passphrase, Passphrase(session, flags.key, false));
  const auto key = evidence::StatementKey::Load(session.files, flags.key.key, passphrase.get());
  if (!key.ok()) return AsUsage(key.status());
  claim.signatures.push_back({key->key_id(), key->Sign(claim.statement)});
  RIND_ASSIGN_OR_RETURN(const std::string state, manager->SubmitAuthorisation(claim));
  session.out().Line(Cat(claim.project, ": ", Printable(state)));
  session.out().Result(
      JsonValue::Object().Set("project", claim.project).Set("signed", true).Set("state", state));
  return Answer::kDone;
}

void AddPassphraseFlags(CLI::App& app, KeyFlags& flags) {
  app.add_option("--passphrase-file", flags.passphrase_file, "File that holds the passphrase")
      ->check(CLI::ExistingFile);
  app.add_option("--passphrase-fd", flags.passphrase_fd, "Open descriptor to read it from");
  app.add_flag("--no-passphrase", flags.no_passphrase, "The key is not sealed");
}

}  // namespace

Command ClaimsCommand() {
  return {
      .name = "claims",
      .group = "Claims",
      .summary = "Whose keys sign for a project: requests, and the officer's answer",
      .teaching =
          "A developer asks with `rind-project claim`; the claims officer checks by another way "
          "that\n"
          "the keys are the project's, and signs. The officer's key is on the officer's machine "
          "only.\n\n"
          "  rind claims list\n"
          "  rind claims keygen --out officer.key\n"
          "  rind claims authorise rind-hello --key officer.key",
      .configure = [](CLI::App& app) -> Run {
        app.require_subcommand(1);
        auto waiting = std::make_shared<bool>(false);
        auto keygen = std::make_shared<KeygenFlags>();
        auto authorise = std::make_shared<AuthoriseFlags>();
        CLI::App* list_app = app.add_subcommand("list", "All claims and where they stand");
        list_app->add_flag("--waiting", *waiting, "Only those that wait for the officer");
        CLI::App* keygen_app = app.add_subcommand("keygen", "Make the claims officer's key");
        keygen_app->add_option("--out", keygen->key.key, "File for the private half")->required();
        keygen_app->add_option("--public-out", keygen->public_out,
                               "File for the public half (otherwise beside the private one)");
        keygen_app->add_option("--make-passphrase", keygen->make_passphrase,
                               "Seal it with a random passphrase, which goes to this new file");
        keygen_app->add_flag("--keep", keygen->keep, "Nothing to do when the key is there: exit 0");
        AddPassphraseFlags(*keygen_app, keygen->key);
        CLI::App* authorise_app =
            app.add_subcommand("authorise", "Show a request, ask, sign it as the officer");
        authorise_app->add_option("project", authorise->project, "Name of the project")->required();
        authorise_app->add_option("--key", authorise->key.key, "The officer's key")
            ->required()
            ->check(CLI::ExistingFile);
        AddPassphraseFlags(*authorise_app, authorise->key);
        authorise_app->add_flag("-y,--yes", authorise->yes, "Do not ask");
        return [=](Session& session) -> StatusOr<Answer> {
          if (list_app->parsed()) return RunList(session, *waiting);
          if (keygen_app->parsed()) return RunKeygen(session, *keygen);
          return RunAuthorise(session, *authorise);
        };
      }};
}

}  // namespace rind::cli
