#include <CLI/CLI.hpp>
#include <poll.h>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/operator_client.h"
#include "services/cli/validators.h"

namespace rind::cli {
namespace {

// A person reads and approves meanwhile; asking once a second is often enough to feel immediate.
constexpr int kAskEveryMilliseconds = 1000;

struct Flags {
  std::vector<std::string> projects;
  bool all = false;
  bool no_wait = false;
  std::int64_t wait_minutes = 60;
};

StatusOr<PromotionState> Await(Session& session, OperatorClient& manager, const std::string& id,
                               absl::Duration limit) {
  const absl::Time end = session.clock.Now() + limit;
  while (true) {
    RIND_ASSIGN_OR_RETURN(PromotionState state, manager.GetPromotion(id));
    if (state.state != "waiting") return state;
    if (session.clock.Now() >= end) return state;
    ::poll(nullptr, 0, kAskEveryMilliseconds);
  }
}

StatusOr<Answer> RunPromote(Session& session, const Flags& flags) {
  if (flags.projects.empty() == !flags.all) {
    return InvalidArgument("name the projects to promote, or give --all; not both");
  }
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  RIND_ASSIGN_OR_RETURN(const Promotion promotion, manager->Promote(flags.projects, flags.all));
  Output& out = session.out();
  std::vector<std::string> names;
  for (const std::string& name : promotion.projects) names.push_back(Printable(name));
  const std::string id = Printable(promotion.proposal_id);
  out.Note(Cat("proposal ", id, ": promote ", Join(names, ", ")));
  out.Note(
      Cat("The holder of the offline keys reads it and decides, on the offline signer's host:\n"
          "  rind-offline-signer review ",
          id,
          " --config offline-signer/config.toml\n"
          "  rind-offline-signer approve ",
          id, " --config offline-signer/config.toml"));
  JsonValue json = JsonValue::Object();
  json.Set("proposal", promotion.proposal_id).Set("projects", JsonValue::Array(promotion.projects));
  if (flags.no_wait) {
    out.Line(Cat("proposed ", id, "; run `rind promote` again after the approval"));
    out.Result(json.Set("state", "waiting"));
    return Answer::kDone;
  }
  RIND_ASSIGN_OR_RETURN(const PromotionState state, Await(session, *manager, promotion.proposal_id,
                                                          absl::Minutes(flags.wait_minutes)));
  out.Result(json.Set("state", state.state)
                 .Set("detail", state.detail)
                 .Set("claimed_version", state.claimed_version));
  if (state.state == "published") {
    out.Line(Cat("published: ", Join(names, ", "), " in claimed v", state.claimed_version));
    return Answer::kDone;
  }
  out.Line(Cat(Printable(state.state), ": ", Printable(state.detail, 400)));
  return state.state == "refused" ? Answer::kNo : Answer::kUnclear;
}

}  // namespace

Command PromoteCommand() {
  return {
      .name = "promote",
      .group = "Claims",
      .summary = "Move recently claimed projects under the offline keys",
      .teaching =
          "Proposes the next version of `claimed` to the offline signer, which must run for it\n"
          "(`rind up --with-offline-signer`), waits for its holder, and publishes the result.\n\n"
          "  rind promote rind-hello\n"
          "  rind promote --all --no-wait",
      .configure = [](CLI::App& app) -> Run {
        auto flags = std::make_shared<Flags>();
        app.add_option("projects", flags->projects, "Names of recently claimed projects")
            ->check(&ProjectProblem);
        app.add_flag("--all", flags->all, "All that are recently claimed");
        app.add_flag("--no-wait", flags->no_wait, "Propose and return");
        app.add_option("--wait-minutes", flags->wait_minutes, "How long to wait for the holder")
            ->capture_default_str()
            ->check(CLI::Range(1, 7 * 24 * 60));
        return [flags](Session& session) { return RunPromote(session, *flags); };
      }};
}

}  // namespace rind::cli
