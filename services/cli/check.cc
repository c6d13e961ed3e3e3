#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/operator_client.h"
#include "services/cli/validators.h"

namespace rind::cli {
namespace {

struct Flags {
  std::string role;
  bool data = false;
};

StatusOr<Answer> RunCheck(Session& session, const Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  Output& out = session.out();
  JsonValue differences = JsonValue::Array();
  RIND_ASSIGN_OR_RETURN(
      const CheckSummary summary,
      manager->Check(
          flags.role, flags.data,
          [&](const Difference& difference) {
            out.EndProgress();
            out.Line(Cat(NameOf(difference.kind), ": ", Printable(difference.what, 1000), ": ",
                         Printable(difference.detail, 1000)));
            differences.Append(JsonValue::Object()
                                   .Set("kind", NameOf(difference.kind))
                                   .Set("what", difference.what)
                                   .Set("detail", difference.detail));
          },
          [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
            out.Progress(Printable(step), done, total);
          }));
  out.EndProgress();
  // A file that could not be read might be right or wrong: that is no answer, whatever else is.
  const Answer answer = summary.unreadable > 0    ? Answer::kUnclear
                        : summary.differences > 0 ? Answer::kNo
                                                  : Answer::kDone;
  const std::string of = Cat(Plural(summary.roles, "role"), ", ", Plural(summary.targets, "target"),
                             flags.data ? Cat(", ", Bytes(summary.bytes), " read") : "");
  if (answer == Answer::kDone) {
    out.Line(Cat("matches: ", of));
  } else if (answer == Answer::kNo) {
    out.Line(Cat("differs: ", Plural(summary.differences, "difference"), " in ", of));
  } else {
    out.Line(Cat("could not tell: ", Count(summary.unreadable), " unreadable, ",
                 Plural(summary.differences, "difference"), " in ", of));
  }
  out.Result(JsonValue::Object()
                 .Set("answer", answer == Answer::kDone ? "matches"
                                : answer == Answer::kNo ? "differs"
                                                        : "could not tell")
                 .Set("roles", summary.roles)
                 .Set("targets", summary.targets)
                 .Set("bytes", summary.bytes)
                 .Set("unreadable", summary.unreadable)
                 .Set("differences", std::move(differences)));
  return answer;
}

}  // namespace

Command CheckCommand() {
  return {.name = "check",
          .group = "Repository",
          .summary = "Hold metadata against data and signatures",
          .teaching =
              "Lists every wrong, missing and unlisted file. Exit 0: all matches; 1: it differs;\n"
              "2: something could not be read, so nobody can tell.\n\n"
              "  rind check               # metadata and signatures; files by name and size\n"
              "  rind check --data        # reads every file too\n"
              "  rind check bin-3 --data  # one role",
          .configure = [](CLI::App& app) -> Run {
            auto flags = std::make_shared<Flags>();
            app.add_option("role", flags->role, "Only this role")->check(&RoleProblem);
            app.add_flag("--data", flags->data, "Read every file and compare its sha256");
            return [flags](Session& session) { return RunCheck(session, *flags); };
          }};
}

}  // namespace rind::cli
