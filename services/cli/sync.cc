#include <CLI/CLI.hpp>

#include "services/cli/commands_table.h"
#include "services/cli/publishing.h"
#include "services/cli/validators.h"

namespace rind::cli {

Command SyncCommand() {
  return {
      .name = "sync",
      .group = "Repository",
      .summary = "Take over from upstream what changed",
      .teaching =
          "Downloads, checks and vouches for what is new; the manager publishes it. Files that\n"
          "can't be taken over are held back and listed. Exit 1 when a project failed.\n\n"
          "  rind sync             # what the syncer's config says\n"
          "  rind sync six idna    # only these",
      .configure = [](CLI::App& app) -> Run {
        auto projects = std::make_shared<std::vector<std::string>>();
        app.add_option("projects", *projects, "Names of projects")->check(&ProjectProblem);
        return [projects](Session& session) -> StatusOr<Answer> {
          RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
          RIND_ASSIGN_OR_RETURN(const SyncOutcome outcome,
                                SyncAndShow(session, settings, *projects));
          session.out().Result(outcome.json);
          return outcome.complete ? Answer::kDone : Answer::kNo;
        };
      }};
}

Command UpdateCommand() {
  return {.name = "update",
          .group = "Repository",
          .summary = "Sync, delegate and release, in one",
          .teaching = "  rind update\n  rind update six",
          .configure = [](CLI::App& app) -> Run {
            auto projects = std::make_shared<std::vector<std::string>>();
            app.add_option("projects", *projects, "Names of projects")->check(&ProjectProblem);
            return [projects](Session& session) -> StatusOr<Answer> {
              RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
              RIND_ASSIGN_OR_RETURN(const SyncOutcome outcome,
                                    SyncAndShow(session, settings, *projects));
              RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
              RIND_ASSIGN_OR_RETURN(const ReleaseResult result, manager->Release(false));
              session.out().Result(JsonValue::Object()
                                       .Set("sync", outcome.json)
                                       .Set("release", ShowRelease(session.out(), result)));
              return outcome.complete ? AnswerOf(result) : Answer::kNo;
            };
          }};
}

}  // namespace rind::cli
