#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "common/http/client.h"
#include "services/cli/commands_table.h"
#include "services/cli/operator_client.h"
#include "services/cli/syncer_client.h"

namespace rind::cli {
namespace {

constexpr std::uint64_t kMaxAnswer = 1024ULL * 1024;

// Everything that was asked; what did not answer is an error in its place.
struct Picture {
  RepositoryStatus repository;
  StatusOr<SyncerStatus> syncer = Unavailable("not asked");
  std::vector<ServiceHealth> services;
  absl::Time now;
};

ServiceHealth AskHttp(std::string name, const std::string& url) {
  ServiceHealth out{.name = std::move(name), .serving = false, .version = "", .detail = url};
  auto client = http::Client::Create({.keep_connections = false});
  if (!client.ok()) {
    out.detail = MessageOf(client.status());
    return out;
  }
  http::Request request;
  request.url = url;
  request.max_bytes = kMaxAnswer;
  request.timeout = absl::Seconds(5);
  const auto response = client->Get(request);
  if (!response.ok()) {
    out.detail = MessageOf(response.status());
  } else if (response->status != 200) {
    out.detail = Cat(url, ": HTTP ", response->status);
  } else {
    out.serving = true;
  }
  return out;
}

StatusOr<Picture> Ask(Session& session) {
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto manager, OperatorClient::Connect(settings));
  Picture out;
  RIND_ASSIGN_OR_RETURN(out.repository, manager->GetStatus());
  out.now = session.clock.Now();
  out.services.push_back(
      {.name = "delegation-manager", .serving = true, .version = "", .detail = settings.manager});
  for (const ServiceHealth& service : out.repository.services) {
    if (service.name != "delegation-manager") out.services.push_back(service);
  }
  const auto syncer = SyncerClient::Connect(settings);
  if (syncer.ok()) {
    out.syncer = (*syncer)->GetStatus();
  } else {
    out.syncer = syncer.status();
  }
  out.services.push_back(
      {.name = "mirror-syncer",
       .serving = out.syncer.ok(),
       .version = "",
       .detail = out.syncer.ok() ? settings.syncer : std::string(MessageOf(out.syncer.status()))});
  out.services.push_back(AskHttp("web", Cat(settings.mirror, "metadata/timestamp.json")));
  if (!settings.gateway.empty()) {
    out.services.push_back(AskHttp("gateway", Cat(settings.gateway, "-/status")));
  }
  return out;
}

std::string Ago(std::int64_t seconds, absl::Time now) {
  if (seconds == 0) return "never";
  return Cat(FormatSpan(now - absl::FromUnixSeconds(seconds)), " ago");
}

std::string Left(absl::Time when, absl::Time now) {
  return when < now ? Cat("EXPIRED ", FormatSpan(now - when), " ago") : FormatSpan(when - now);
}

// The offline signer is meant to be off: that is no fault.
bool IsFault(const ServiceHealth& service) {
  return !service.serving && service.name != "offline-signer";
}

std::string Keys(const std::vector<std::string>& ids) {
  std::vector<std::string> out;
  for (const std::string& id : ids) out.push_back(Printable(id.substr(0, 8)));
  return Join(out, " ");
}

void ShowRoles(Output& out, const Picture& picture) {
  std::vector<std::vector<std::string>> rows = {
      {"ROLE", "VERSION", "EXPIRES IN", "THRESHOLD", "KEYS", "SIGNED BY"}};
  for (const RoleStatus& role : picture.repository.roles) {
    rows.push_back({role.count > 1 ? Cat(Printable(role.role), " (", Count(role.count), ")")
                                   : Printable(role.role),
                    Cat("v", role.version), Left(role.expires, picture.now),
                    Cat(role.threshold, " of ", role.key_ids.size()), Keys(role.key_ids),
                    Printable(role.signed_by)});
  }
  out.Table(rows);
}

void ShowServices(Output& out, const Picture& picture) {
  std::vector<std::vector<std::string>> rows = {{"SERVICE", "STATE", "DETAIL"}};
  for (const ServiceHealth& service : picture.services) {
    const std::string state = service.serving    ? "serving"
                              : IsFault(service) ? "DOWN"
                                                 : "off, as it should be";
    rows.push_back({Printable(service.name), state, Printable(service.detail)});
  }
  out.Table(rows);
}

std::string Pairs(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::string> out;
  for (const auto& [name, count] : counts) out.push_back(Cat(Count(count), " ", Printable(name)));
  return out.empty() ? "none" : Join(out, ", ");
}

void ShowFacts(Output& out, const Picture& picture) {
  const RepositoryStatus& repository = picture.repository;
  const absl::Time now = picture.now;
  std::vector<std::vector<std::string>> rows;
  if (picture.syncer.ok()) {
    const SyncerStatus& syncer = *picture.syncer;
    rows.push_back({"last sync", syncer.running ? "runs now"
                                                : Cat(Ago(syncer.last_finished, now), ", from ",
                                                      Printable(syncer.upstream))});
    if (!syncer.last_error.empty())
      rows.push_back({"sync error", Printable(syncer.last_error, 400)});
    if (syncer.next_sync != 0) {
      rows.push_back({"next sync", Left(absl::FromUnixSeconds(syncer.next_sync), now)});
    }
  }
  rows.push_back(
      {"content", Cat(Plural(repository.projects, "project"), ", ",
                      Plural(repository.files, "file"), ", ", Bytes(repository.bytes), "; ",
                      Plural(repository.targets, "target"), ", serial ", repository.serial)});
  rows.push_back({"waiting", repository.waiting == 0 ? "nothing"
                                                     : Cat(Plural(repository.waiting, "project"),
                                                           " for the next release")});
  if (!repository.last_error.empty()) {
    rows.push_back({"release error", Printable(repository.last_error, 400)});
  }
  rows.push_back({"claims", Pairs(repository.claims)});
  rows.push_back({"refusals", Pairs(repository.refusals)});
  if (!repository.next_action.empty()) {
    rows.push_back(
        {"next action", Cat(Printable(repository.next_action), " in ",
                            Left(absl::FromUnixSeconds(repository.next_action_time), now))});
  }
  if (repository.next_ceremony != 0) {
    const absl::Time when = absl::FromUnixSeconds(repository.next_ceremony);
    rows.push_back({"offline keys",
                    Cat("someone must touch them in ", absl::ToInt64Hours(when - now) / 24, " d (",
                        Printable(repository.next_ceremony_role), ", ", FormatUtc(when), ")")});
  }
  out.Table(rows);
}

JsonValue RolesJson(const Picture& picture) {
  JsonValue out = JsonValue::Array();
  for (const RoleStatus& role : picture.repository.roles) {
    out.Append(JsonValue::Object()
                   .Set("role", role.role)
                   .Set("version", role.version)
                   .Set("expires", absl::ToUnixSeconds(role.expires))
                   .Set("expires_utc", FormatUtc(role.expires))
                   .Set("threshold", role.threshold)
                   .Set("key_ids", JsonValue::Array(role.key_ids))
                   .Set("signed_by", role.signed_by)
                   .Set("count", role.count));
  }
  return out;
}

JsonValue ServicesJson(const Picture& picture) {
  JsonValue out = JsonValue::Array();
  for (const ServiceHealth& service : picture.services) {
    out.Append(JsonValue::Object()
                   .Set("name", service.name)
                   .Set("serving", service.serving)
                   .Set("version", service.version)
                   .Set("detail", service.detail));
  }
  return out;
}

JsonValue CountsJson(const std::map<std::string, std::uint64_t>& counts) {
  JsonValue out = JsonValue::Object();
  for (const auto& [name, count] : counts) out.Set(name, count);
  return out;
}

JsonValue TimeJson(std::int64_t seconds) {
  if (seconds == 0) return {};
  return FormatUtc(absl::FromUnixSeconds(seconds));
}

JsonValue ToJson(const Picture& picture) {
  const RepositoryStatus& repository = picture.repository;
  JsonValue sync;
  if (picture.syncer.ok()) {
    sync = JsonValue::Object()
               .Set("upstream", picture.syncer->upstream)
               .Set("running", picture.syncer->running)
               .Set("last_finished", TimeJson(picture.syncer->last_finished))
               .Set("last_serial", picture.syncer->last_serial)
               .Set("last_error", picture.syncer->last_error)
               .Set("next", TimeJson(picture.syncer->next_sync));
  }
  const absl::Duration until = absl::FromUnixSeconds(repository.next_ceremony) - picture.now;
  return JsonValue::Object()
      .Set("created", repository.created)
      .Set("repository", repository.repository_id)
      .Set("bins", repository.bins)
      .Set("profile", repository.profile)
      .Set("roles", RolesJson(picture))
      .Set("services", ServicesJson(picture))
      .Set("projects", repository.projects)
      .Set("files", repository.files)
      .Set("targets", repository.targets)
      .Set("bytes", repository.bytes)
      .Set("waiting", repository.waiting)
      .Set("serial", repository.serial)
      .Set("last_ingest", TimeJson(repository.last_ingest))
      .Set("sync", std::move(sync))
      .Set("claims", CountsJson(repository.claims))
      .Set("refusals", CountsJson(repository.refusals))
      .Set("last_error", repository.last_error)
      .Set("next_action", repository.next_action)
      .Set("next_action_time", TimeJson(repository.next_action_time))
      .Set("next_ceremony", TimeJson(repository.next_ceremony))
      .Set("next_ceremony_role", repository.next_ceremony_role)
      .Set("days_until_ceremony",
           repository.next_ceremony == 0 ? JsonValue() : JsonValue(absl::ToInt64Hours(until) / 24));
}

StatusOr<Answer> RunStatus(Session& session) {
  RIND_ASSIGN_OR_RETURN(const Picture picture, Ask(session));
  Output& out = session.out();
  const RepositoryStatus& repository = picture.repository;
  if (!repository.created) {
    out.Line(Cat("repository ", Printable(repository.repository_id),
                 ": not made yet; `rind create` makes it"));
  } else {
    out.Line(Cat("repository ", Printable(repository.repository_id), ", ", Count(repository.bins),
                 " bins, profile ", Printable(repository.profile)));
    out.Line();
    ShowRoles(out, picture);
  }
  out.Line();
  ShowServices(out, picture);
  out.Line();
  ShowFacts(out, picture);
  out.Result(ToJson(picture));
  bool well = repository.last_error.empty();
  for (const ServiceHealth& service : picture.services) well = well && !IsFault(service);
  for (const RoleStatus& role : repository.roles) well = well && role.expires > picture.now;
  return well ? Answer::kDone : Answer::kNo;
}

}  // namespace

Command StatusCommand() {
  return {.name = "status",
          .group = "Repository",
          .summary = "Roles, services, content and what comes next, at a glance",
          .teaching =
              "Exit 1 when a service is down, a role has expired or the last release failed.\n\n"
              "  rind status\n"
              "  rind status --json",
          .configure = [](CLI::App&) -> Run {
            return [](Session& session) { return RunStatus(session); };
          }};
}

}  // namespace rind::cli
