#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "common/http/client.h"
#include "services/cli/commands_table.h"

namespace rind::cli {
namespace {

constexpr std::uint64_t kMaxStatus = 4ULL * 1024 * 1024;

StatusOr<Answer> RunGatewayStatus(Session& session, std::string url) {
  if (url.empty()) {
    RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
    if (settings.gateway.empty()) {
      return InvalidArgument(Cat(settings.file, ": services.gateway: missing; give --url"));
    }
    url = settings.gateway;
  }
  if (url.back() != '/') url.push_back('/');
  RIND_ASSIGN_OR_RETURN(http::Client client, http::Client::Create({.keep_connections = false}));
  http::Request request;
  request.url = Cat(url, "-/status");
  request.max_bytes = kMaxStatus;
  request.timeout = absl::Seconds(10);
  const auto response = client.Get(request);
  if (!response.ok()) return Annotate(response.status(), Cat("gateway at ", url));
  if (response->status != 200) {
    return Unavailable(Cat("gateway at ", url, ": HTTP ", response->status, ", wanted 200"));
  }
  RIND_ASSIGN_OR_RETURN(const auto rows, FlattenJson(response->body));
  if (session.json) {
    session.out().Raw(Cat(Trim(response->body), "\n"));
    return Answer::kDone;
  }
  std::vector<std::vector<std::string>> table;
  for (const auto& [name, value] : rows) table.push_back({Printable(name), Printable(value, 400)});
  session.out().Table(table);
  return Answer::kDone;
}

}  // namespace

Command GatewayCommand() {
  return {.name = "gateway",
          .group = "Client",
          .summary = "How the gateway is",
          .teaching =
              "The gateway is what installers talk to; it belongs on each user's own machine.\n\n"
              "  rind gateway status\n"
              "  rind gateway status --url http://127.0.0.1:8080/ --json",
          .configure = [](CLI::App& app) -> Run {
            app.require_subcommand(1);
            auto url = std::make_shared<std::string>();
            CLI::App* status = app.add_subcommand("status", "What it serves, refused and keeps");
            status->add_option("--url", *url, "Address of the gateway (otherwise client.toml's)");
            return [url](Session& session) { return RunGatewayStatus(session, *url); };
          }};
}

}  // namespace rind::cli
