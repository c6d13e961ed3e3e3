#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "common/tuf/model/rejection.h"
#include "services/cli/commands_table.h"
#include "services/cli/verified_mirror.h"

namespace rind::cli {
namespace {

struct Flags {
  std::string wanted;
  bool all = false;
};

constexpr std::uint64_t kMaxLocalFile = 4ULL * 1024 * 1024 * 1024;

JsonValue ToJson(const VerifiedFile& file) {
  return JsonValue::Object()
      .Set("path", file.path)
      .Set("sha256", file.sha256.Hex())
      .Set("length", file.length)
      .Set("offline", JsonValue::Array(file.trust.offline))
      .Set("project", JsonValue::Array(file.trust.project))
      .Set("online", JsonValue::Array(file.trust.online))
      .Set("offline_expires", FormatUtc(file.trust.offline_expires))
      .Set("online_expires", FormatUtc(file.trust.online_expires));
}

void Show(Output& out, const VerifiedFile& file, absl::Time now) {
  out.Line(Cat("VERIFIED ", file.path, "  sha256 ", file.sha256.Hex()));
  std::vector<std::vector<std::string>> rows = {
      {"offline", Join(file.trust.offline, " > "),
       Cat(" next ceremony in ", absl::ToInt64Hours(file.trust.offline_expires - now) / 24, " d")}};
  if (!file.trust.project.empty()) {
    rows.push_back({"project", Join(file.trust.project, " > "),
                    Cat(" expires in ", FormatSpan(file.trust.project_expires - now))});
  }
  rows.push_back({"online", Join(file.trust.online, " > "),
                  Cat(" expires in ", FormatSpan(file.trust.online_expires - now))});
  out.Table(rows, "  ");
}

// A refusal and a complete search without result are answers; anything else is an error.
StatusOr<Answer> Explain(Session& session, const std::string& what, const Status& status) {
  const auto rejection = tuf::RejectionOf(status);
  if (!rejection && !absl::IsNotFound(status)) return status;
  const std::string_view verdict = rejection ? "REFUSED" : "NOT FOUND";
  // The first line is the reason; what follows is the story, which the gateway's log has too.
  const std::string reason = Split(MessageOf(status), '\n').front();
  session.out().Line(Cat(verdict, " ", Printable(what), ": ", reason));
  session.out().Result(
      JsonValue::Object()
          .Set("verdict", rejection ? "refused" : "not found")
          .Set("reason", rejection ? JsonValue(tuf::NameOf(*rejection)) : JsonValue())
          .Set("message", MessageOf(status)));
  return Answer::kNo;
}

// A file on this machine must be the one that the repository means.
Status CompareLocal(const Session& session, const Flags& flags, const VerifiedFile& file) {
  if (flags.wanted.find("==") != std::string::npos || !session.files.Stat(flags.wanted).ok()) {
    return OkStatus();
  }
  RIND_ASSIGN_OR_RETURN(const std::string bytes, session.files.Read(flags.wanted, kMaxLocalFile));
  const Sha256Digest found = Sha256(bytes);
  if (found == file.sha256) return OkStatus();
  return tuf::Reject(tuf::Rejection::kWrongHash, Cat(flags.wanted, " has sha256 ", found.Hex(),
                                                     ", ", file.path, " has ", file.sha256.Hex()));
}

StatusOr<Answer> RunExplain(Session& session, const Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const Wanted wanted, ParseWanted(flags.wanted));
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  auto mirror = VerifiedMirror::Open(session, settings);
  if (!mirror.ok()) return Explain(session, flags.wanted, mirror.status());
  auto files = (*mirror)->Find(wanted);
  if (!files.ok()) return Explain(session, flags.wanted, files.status());
  const std::size_t others = flags.all ? 0 : files->size() - 1;
  files->erase(files->end() - static_cast<std::ptrdiff_t>(others), files->end());
  JsonValue json = JsonValue::Array();
  for (const VerifiedFile& file : *files) {
    session.out().Progress(Cat("reading ", file.filename), 0, 0);
    Status status = CompareLocal(session, flags, file);
    if (status.ok()) {
      status = (*mirror)->Fetch(file, [](std::string_view) { return OkStatus(); });
    }
    session.out().EndProgress();
    if (!status.ok()) return Explain(session, file.path, status);
    Show(session.out(), file, session.clock.Now());
    json.Append(ToJson(file));
  }
  if (others > 0) {
    session.out().Note(Cat(Plural(others, "other file"), " of this version; --all explains each"));
  }
  session.out().Result(
      JsonValue::Object().Set("verdict", "verified").Set("files", std::move(json)));
  return Answer::kDone;
}

}  // namespace

Command ExplainCommand() {
  return {
      .name = "explain",
      .group = "Client",
      .summary = "Why a file may be trusted, or why it is refused",
      .teaching =
          "Verifies the index page and the file from the mirror, beginning at the pinned root of "
          "the\n"
          "client bundle, and shows who vouched for it. Exit 1 when it is refused or not there.\n\n"
          "  rind explain rind-hello==1.0\n"
          "  rind explain ./rind_hello-1.0-py3-none-any.whl   # a file that you have\n"
          "  rind explain six==1.16.0 --all",
      .configure = [](CLI::App& app) -> Run {
        auto flags = std::make_shared<Flags>();
        app.add_option("what", flags->wanted, "NAME==VERSION, or a file")->required();
        app.add_flag("--all", flags->all, "Every file of the version");
        return [flags](Session& session) { return RunExplain(session, *flags); };
      }};
}

}  // namespace rind::cli
