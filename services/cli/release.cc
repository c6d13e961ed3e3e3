#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/publishing.h"

namespace rind::cli {

Command ReleaseCommand() {
  return {
      .name = "release",
      .group = "Repository",
      .summary = "Publish what was ingested: bins, snapshot, timestamp",
      .teaching =
          "The manager also does this by itself. Waits until clients see it. What a signer "
          "refuses\n"
          "keeps its last version and is named, the rest is published: exit 3; exit 1 when that\n"
          "left nothing to publish.\n\n"
          "  rind release\n"
          "  rind release --force   # a new snapshot even if nothing changed",
      .configure = [](CLI::App& app) -> Run {
        auto force = std::make_shared<bool>(false);
        app.add_flag("--force", *force, "Sign a new snapshot even if nothing changed");
        return [force](Session& session) -> StatusOr<Answer> {
          RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
          RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
          RIND_ASSIGN_OR_RETURN(const ReleaseResult result, manager->Release(*force));
          session.out().Result(ShowRelease(session.out(), result));
          return AnswerOf(result);
        };
      }};
}

Command TimestampCommand() {
  return {.name = "timestamp",
          .group = "Repository",
          .summary = "Sign the timestamp anew",
          .teaching = "The manager also does this by itself, every hour.\n\n  rind timestamp",
          .configure = [](CLI::App&) -> Run {
            return [](Session& session) -> StatusOr<Answer> {
              RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
              RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
              RIND_ASSIGN_OR_RETURN(const ReleaseResult result, manager->Timestamp());
              session.out().Line(Cat("signed timestamp v", result.timestamp_version,
                                     " for snapshot v", result.snapshot_version));
              session.out().Result(JsonValue::Object()
                                       .Set("timestamp_version", result.timestamp_version)
                                       .Set("snapshot_version", result.snapshot_version));
              return Answer::kDone;
            };
          }};
}

}  // namespace rind::cli
