#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/operator_client.h"
#include "services/cli/system.h"

namespace rind::cli {
namespace {

constexpr absl::Duration kToolLimit = absl::Seconds(60);

struct Flags {
  bool blobs = false;
  bool keys = false;
  bool yes = false;
};

struct KeyOwner {
  std::string_view service;
  std::string_view program;
  std::string_view holds;
};
constexpr KeyOwner kKeyOwners[] = {
    {"offline-signer", "rind-offline-signer", "root, targets, claimed, unclaimed"},
    {"release-signer", "rind-online-signer", "snapshot, timestamp"},
    {"content-signer", "rind-online-signer", "recently-claimed, bins"},
};

void ShowPlan(Output& out, const DestroyPlan& plan, const Flags& flags) {
  out.Note("This deletes:");
  for (const std::string& line : plan.will_delete) out.Note(Cat("  ", Printable(line, 1000)));
  if (flags.keys) {
    for (const KeyOwner& owner : kKeyOwners) {
      out.Note(Cat("  keys and ledger of ", owner.service, " (", owner.holds, ")"));
    }
    out.Note("  and stops the system, as the signers must not run meanwhile");
    return;
  }
  out.Note("Keys and ledgers stay: each is its signer's own to destroy, on its own host:");
  for (const KeyOwner& owner : kKeyOwners) {
    out.Note(Cat("  ", owner.program, " destroy --config ", owner.service, "/config.toml"));
  }
}

// The home of `rind up` that client.toml lies in.
StatusOr<Home> HomeOf(Session& session, const ClientSettings& settings) {
  Home home(session.files, ParentPath(settings.file));
  if (!home.Exists()) {
    return InvalidArgument(Cat("--keys: ", settings.file,
                               " is not in a home of `rind up`; run each "
                               "signer's own destroy on its host"));
  }
  return home;
}

Status DestroyKeys(Session& session, const Home& home) {
  StopHome(session.files, home, RunningProcesses(session.files, home));
  for (const KeyOwner& owner : kKeyOwners) {
    RIND_RETURN_IF_ERROR(Process::RunToEnd(
        {.name = std::string(owner.service),
         .arguments = {JoinPath(session.ProgramFolder(), owner.program), "destroy", "--config",
                       home.Config(owner.service), "--yes"},
         .log = home.Log(owner.service),
         .ends_with_us = true},
        kToolLimit));
    session.out().Line(Cat("destroyed: keys and ledger of ", owner.service));
  }
  // The bundle names a root that nobody holds a key of any more.
  return RemoveTree(session.files, home.Path("bundle"));
}

StatusOr<Answer> RunDestroy(Session& session, const Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  std::optional<Home> home;
  if (flags.keys) {
    RIND_ASSIGN_OR_RETURN(Home found, HomeOf(session, settings));
    home.emplace(std::move(found));
  }
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  RIND_ASSIGN_OR_RETURN(const DestroyPlan plan, manager->PlanDestroy(flags.blobs));
  ShowPlan(session.out(), plan, flags);
  if (!flags.yes && !Confirm("Delete it? It can't be undone.")) {
    session.out().Line("nothing deleted");
    session.out().Result(JsonValue::Object().Set("deleted", JsonValue::Array()));
    return Answer::kNo;
  }
  RIND_ASSIGN_OR_RETURN(const std::vector<std::string> deleted,
                        manager->Destroy(plan.token, flags.blobs));
  for (const std::string& line : deleted) {
    session.out().Line(Cat("deleted: ", Printable(line, 1000)));
  }
  if (home) RIND_RETURN_IF_ERROR(DestroyKeys(session, *home));
  session.out().Line(home ? "done; `rind up` starts anew, with new keys"
                          : "done; `rind create` starts anew once the signers have new keys");
  session.out().Result(
      JsonValue::Object().Set("deleted", JsonValue::Array(deleted)).Set("keys", flags.keys));
  return Answer::kDone;
}

}  // namespace

Command DestroyCommand() {
  return {.name = "destroy",
          .group = "Repository",
          .summary = "Delete the repository: says what, asks, then does it",
          .teaching =
              "Deletes metadata and the manager's state; with --blobs the mirrored files too. Keys "
              "and\n"
              "ledgers are never the manager's to delete: each signer destroys its own.\n\n"
              "  rind destroy\n"
              "  rind destroy --blobs\n"
              "  rind destroy --blobs --keys   # in a home of `rind up`: all of it",
          .configure = [](CLI::App& app) -> Run {
            auto flags = std::make_shared<Flags>();
            app.add_flag("--blobs", flags->blobs, "The mirrored files too");
            app.add_flag(
                "--keys", flags->keys,
                "In a home of `rind up`: stop the system and run each signer's own destroy");
            app.add_flag("-y,--yes", flags->yes, "Do not ask");
            return [flags](Session& session) { return RunDestroy(session, *flags); };
          }};
}

}  // namespace rind::cli
