#include "services/cli/publishing.h"

#include "common/base/text.h"
#include "services/cli/syncer_client.h"

namespace rind::cli {
namespace {

JsonValue ToJson(const SyncSummary& summary, const std::vector<HeldBack>& held_back) {
  JsonValue held = JsonValue::Array();
  for (const HeldBack& one : held_back) {
    held.Append(JsonValue::Object()
                    .Set("project", one.project)
                    .Set("file", one.file)
                    .Set("reason", one.reason));
  }
  return JsonValue::Object()
      .Set("projects", summary.projects)
      .Set("changed_projects", summary.changed_projects)
      .Set("unchanged_projects", summary.unchanged_projects)
      .Set("failed_projects", summary.failed_projects)
      .Set("files", summary.files)
      .Set("bytes", summary.bytes)
      .Set("new_files", summary.new_files)
      .Set("new_bytes", summary.new_bytes)
      .Set("serial", summary.serial)
      .Set("milliseconds", summary.milliseconds)
      .Set("missing_dependencies", JsonValue::Array(summary.missing_dependencies))
      .Set("held_back", std::move(held));
}

void Show(Output& out, const SyncSummary& summary) {
  out.Line(Cat("synced ", Plural(summary.projects, "project"), ", ", Plural(summary.files, "file"),
               ", ", Bytes(summary.bytes), ": ", Count(summary.changed_projects), " changed, ",
               Count(summary.unchanged_projects), " unchanged, ",
               Plural(summary.new_files, "new file"), " (", Bytes(summary.new_bytes), "), serial ",
               summary.serial, ", in ", summary.milliseconds, " ms"));
  if (summary.held_back > 0) {
    out.Line(Cat(Count(summary.held_back), " held back, see above"));
  }
  if (summary.failed_projects > 0) {
    out.Line(Cat(Plural(summary.failed_projects, "project"),
                 " failed and stay as they were; the syncer's log says why"));
  }
  if (!summary.missing_dependencies.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : summary.missing_dependencies) names.push_back(Printable(name));
    out.Line(Cat("required by what is mirrored, and not mirrored: ", Join(names, ", ")));
  }
}

}  // namespace

StatusOr<SyncOutcome> SyncAndShow(Session& session, const ClientSettings& settings,
                                  const std::vector<std::string>& projects) {
  RIND_ASSIGN_OR_RETURN(const auto syncer, SyncerClient::Connect(settings));
  std::vector<HeldBack> held_back;
  Output& out = session.out();
  RIND_ASSIGN_OR_RETURN(const SyncSummary summary,
                        syncer->Sync(
                            projects,
                            [&](const SyncProgress& progress) {
                              out.Progress(
                                  Cat("syncing ", Bytes(progress.bytes_done), ", projects"),
                                  progress.projects_done, progress.projects_total);
                            },
                            [&](const HeldBack& held) {
                              out.Note(Cat("held back: ", Printable(held.project),
                                           held.file.empty() ? "" : Cat(" ", Printable(held.file)),
                                           ": ", Printable(held.reason, 400)));
                              held_back.push_back(held);
                            }));
  out.EndProgress();
  Show(out, summary);
  return SyncOutcome{.json = ToJson(summary, held_back),
                     .complete = summary.failed_projects == 0,
                     .anything = summary.projects > 0};
}

JsonValue ShowRelease(Output& out, const ReleaseResult& result) {
  if (result.published) {
    out.Line(Cat("released snapshot v", result.snapshot_version, ", timestamp v",
                 result.timestamp_version, ": ", Plural(result.changed_roles, "role"),
                 " changed, in ", result.milliseconds, " ms"));
  } else if (!result.refused.empty()) {
    out.Line(Cat("nothing is released: snapshot v", result.snapshot_version, ", timestamp v",
                 result.timestamp_version, " stay as they are"));
  } else {
    out.Line(Cat("nothing to release: snapshot v", result.snapshot_version, ", timestamp v",
                 result.timestamp_version, " has all that was ingested"));
  }
  JsonValue refused = JsonValue::Array();
  for (const RefusedRole& one : result.refused) {
    out.Line(Cat("refused  ", Printable(one.role), "  ", Printable(one.rule), "  ",
                 Printable(one.text, 400)));
    refused.Append(
        JsonValue::Object().Set("role", one.role).Set("rule", one.rule).Set("text", one.text));
  }
  return JsonValue::Object()
      .Set("published", result.published)
      .Set("snapshot_version", result.snapshot_version)
      .Set("timestamp_version", result.timestamp_version)
      .Set("changed_roles", result.changed_roles)
      .Set("milliseconds", result.milliseconds)
      .Set("refused", std::move(refused));
}

Answer AnswerOf(const ReleaseResult& result) {
  if (result.refused.empty()) return Answer::kDone;
  return result.published ? Answer::kPartly : Answer::kNo;
}

}  // namespace rind::cli
