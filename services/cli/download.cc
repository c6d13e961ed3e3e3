#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/verified_mirror.h"

namespace rind::cli {
namespace {

struct Flags {
  std::string wanted;
  std::string folder = ".";
  bool all = false;
};

// Whether the folder has the file already, with the right content.
StatusOr<bool> AlreadyThere(const Session& session, const std::string& path,
                            const VerifiedFile& file) {
  if (!session.files.Stat(path).ok()) return false;
  const auto bytes = session.files.Read(path, file.length);
  if (bytes.ok() && Sha256(*bytes) == file.sha256) return true;
  return AlreadyExists(Cat(path,
                           ": is there already with other content; move it away, or name another "
                           "folder with --to"));
}

// Written beside its final name, moved there once it verified.
Status FetchInto(Session& session, VerifiedMirror& mirror, const VerifiedFile& file,
                 const std::string& path) {
  const std::string partial = Cat(path, ".part");
  RIND_ASSIGN_OR_RETURN(AppendFile out, AppendFile::Open(partial, 0644));
  RIND_RETURN_IF_ERROR(out.Truncate(0));
  std::uint64_t done = 0;
  Status status = mirror.Fetch(file, [&](std::string_view piece) {
    done += piece.size();
    session.out().Progress(Cat(file.filename, ", kB"), done / 1000, file.length / 1000);
    return out.Append(piece);
  });
  if (status.ok()) status = out.Sync();
  if (status.ok()) return session.files.MoveNew(partial, path);
  (void)session.files.Remove(partial);
  return status;
}

StatusOr<Answer> RunDownload(Session& session, const Flags& flags) {
  RIND_ASSIGN_OR_RETURN(const Wanted wanted, ParseWanted(flags.wanted));
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const auto mirror, VerifiedMirror::Open(session, settings));
  auto files = mirror->Find(wanted);
  if (absl::IsNotFound(files.status())) return FailedPrecondition(MessageOf(files.status()));
  RIND_RETURN_IF_ERROR(files.status());
  if (!flags.all) files->erase(files->begin() + 1, files->end());
  RIND_RETURN_IF_ERROR(session.files.MakeDirectories(flags.folder, 0755));
  JsonValue json = JsonValue::Array();
  for (const VerifiedFile& file : *files) {
    const std::string path = JoinPath(flags.folder, file.filename);
    RIND_ASSIGN_OR_RETURN(const bool there, AlreadyThere(session, path, file));
    if (!there) RIND_RETURN_IF_ERROR(FetchInto(session, *mirror, file, path));
    session.out().EndProgress();
    session.out().Line(
        Cat(there ? "already there: " : "verified: ", path, "  sha256 ", file.sha256.Hex()));
    json.Append(JsonValue::Object()
                    .Set("file", path)
                    .Set("sha256", file.sha256.Hex())
                    .Set("length", file.length)
                    .Set("downloaded", !there));
  }
  session.out().Result(JsonValue::Object().Set("files", std::move(json)));
  return Answer::kDone;
}

}  // namespace

Command DownloadCommand() {
  return {.name = "download",
          .group = "Client",
          .summary = "Fetch a file that verifies, without an installer",
          .teaching =
              "  rind download six==1.16.0\n"
              "  rind download six==1.16.0 --to wheels --all",
          .configure = [](CLI::App& app) -> Run {
            auto flags = std::make_shared<Flags>();
            app.add_option("what", flags->wanted, "NAME==VERSION, or a file name")->required();
            app.add_option("--to", flags->folder, "Folder for the files")->capture_default_str();
            app.add_flag("--all", flags->all, "Every file of the version");
            return [flags](Session& session) { return RunDownload(session, *flags); };
          }};
}

}  // namespace rind::cli
