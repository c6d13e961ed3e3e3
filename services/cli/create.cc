#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/bundle.h"
#include "services/cli/commands_table.h"
#include "services/cli/operator_client.h"
#include "services/cli/publishing.h"
#include "services/cli/validators.h"

namespace rind::cli {
namespace {

struct Flags {
  std::uint32_t bins = 0;
  std::string profile;
  std::string bundle;
  std::string public_mirror;
  bool once = false;
  bool sync = false;
};

StatusOr<Answer> RunCreate(Session& session, const Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  RIND_ASSIGN_OR_RETURN(const RepositoryStatus before, manager->GetStatus());
  const bool make = !(flags.once && before.created);
  if (make) {
    const Status made =
        manager->Create(flags.bins, flags.profile,
                        [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
                          session.out().Progress(Printable(step), done, total);
                        });
    session.out().EndProgress();
    if (!made.ok()) {
      // The manager may have finished by itself what a crash had interrupted.
      const auto after = manager->GetStatus();
      if (!flags.once || !after.ok() || !after->created) return made;
    }
  }
  RIND_ASSIGN_OR_RETURN(const ClientBundle got, manager->GetClientBundle());
  const std::string folder = flags.bundle.empty() ? settings.bundle : flags.bundle;
  RIND_RETURN_IF_ERROR(
      WriteBundle(session.files, folder,
                  {.root = got.root,
                   .root_sha256 = got.root_sha256_hex,
                   .repository = got.repository_id,
                   .mirror = flags.public_mirror.empty() ? settings.mirror : flags.public_mirror}));
  session.out().Line(Cat(make ? "created " : "is there already: ", got.repository_id,
                         "; client bundle in ", folder, " (root sha256 ", got.root_sha256_hex,
                         ")"));
  JsonValue sync;
  Answer answer = Answer::kDone;
  if (flags.sync) {
    // Who waits for this (compose: the gateway) may go on once there is something to serve. What is
    // mirrored already must not stay off because upstream is away or one project is broken.
    const bool serves = before.created && before.projects > 0;
    const StatusOr<SyncOutcome> outcome = SyncAndShow(session, settings, {});
    if (outcome.ok()) {
      RIND_ASSIGN_OR_RETURN(const ReleaseResult released, manager->Release(false));
      ShowRelease(session.out(), released);
      sync = outcome->json;
      if (!outcome->complete && !outcome->anything) answer = Answer::kNo;
      if (!serves && AnswerOf(released) == Answer::kNo) answer = Answer::kNo;
    } else if (serves) {
      session.out().Note(Cat("the sync failed, what is mirrored stays: ",
                             Printable(MessageOf(outcome.status()), 400)));
    } else {
      return outcome.status();
    }
  } else {
    session.out().Line("give that bundle to clients by a way they trust; next: rind sync");
  }
  session.out().Result(JsonValue::Object()
                           .Set("created", make)
                           .Set("sync", std::move(sync))
                           .Set("repository", got.repository_id)
                           .Set("bundle", folder)
                           .Set("root_sha256", got.root_sha256_hex));
  return answer;
}

}  // namespace

Command CreateCommand() {
  return {.name = "create",
          .group = "Repository",
          .summary = "Make the repository: root, targets, delegations, bins, first release",
          .teaching =
              "The offline signer must run and approve version 1 of its roles. Writes the client\n"
              "bundle: the trusted root and where the mirror is.\n\n"
              "  rind create\n"
              "  rind create --bins 16384      # for all of PyPI\n"
              "  rind create --profile relaxed # for a site that is off at weekends",
          .configure = [](CLI::App& app) -> Run {
            auto flags = std::make_shared<Flags>();
            app.add_option("--bins", flags->bins,
                           "Number of hashed bins, a power of two from 16 to 32768 (otherwise the "
                           "manager's config)")
                ->check(&BinsProblem);
            app.add_option("--profile", flags->profile, "Lifetimes of the online roles")
                ->check(CLI::IsMember({"default", "pep458", "relaxed"}));
            app.add_option("--bundle", flags->bundle, "Folder for the client bundle");
            app.add_option("--public-mirror", flags->public_mirror,
                           "Address of the mirror for the bundle (otherwise client.toml's)");
            app.add_flag("--once", flags->once, "Nothing to do when there is a repository: exit 0");
            app.add_flag("--sync", flags->sync,
                         "Then sync and release; exit 1 when nothing at all is mirrored after it");
            return [flags](Session& session) { return RunCreate(session, *flags); };
          }};
}

}  // namespace rind::cli
