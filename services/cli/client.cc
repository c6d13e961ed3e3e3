// A plain TUF client for any repository, in the form that TUF's conformance suite drives.
#include "common/http/client.h"

#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/tuf_client/client.h"
#include "services/cli/commands_table.h"

namespace rind::cli {
namespace {

constexpr std::size_t kMaxFileName = 255;

struct Flags {
  std::string metadata_dir, metadata_url, target_base_url, target_dir, trusted_root;
  std::vector<std::string> target_names;
};

Status Wanted(std::string_view flag, const std::string& value) {
  return value.empty() ? InvalidArgument(Cat(flag, ": missing")) : OkStatus();
}

// The same target always gets the same name; no target's name leads out of the folder.
std::string LocalName(const std::string& target) {
  std::string name = http::PercentEncode(target);
  if (name.starts_with('.')) name = Cat("%2E", name.substr(1));
  return name.size() <= kMaxFileName ? name : Sha256(target).Hex();
}

Status Init(Session& session, const Flags& flags) {
  RIND_RETURN_IF_ERROR(Wanted("--metadata-dir", flags.metadata_dir));
  RIND_ASSIGN_OR_RETURN(const std::string root,
                        session.files.Read(flags.trusted_root, tuf::Limits().root_bytes));
  return tuf_client::Client::Initialise(session.files, flags.metadata_dir, root);
}

Status FetchTarget(Session& session, tuf_client::Client& client, const Flags& flags,
                   const std::string& name) {
  RIND_ASSIGN_OR_RETURN(const tuf_client::FoundTarget target, client.Find(name));
  const std::string path = JoinPath(flags.target_dir, LocalName(name));
  const auto have = session.files.Read(path, target.file.length);
  const bool there =
      have.ok() && target.file.hashes.Check(*have).ok() && have->size() == target.file.length;
  if (!there) {
    RIND_ASSIGN_OR_RETURN(const std::string bytes, client.Download(target));
    RIND_RETURN_IF_ERROR(session.files.Replace(path, bytes, 0644));
  }
  session.out().Line(Cat(there ? "already there: " : "verified: ", Printable(path, 1000)));
  return OkStatus();
}

// Refreshes, then fetches the targets in order with one client; stops at the first failure.
Status RefreshAndDownload(Session& session, const Flags& flags, bool download) {
  RIND_RETURN_IF_ERROR(Wanted("--metadata-dir", flags.metadata_dir));
  RIND_RETURN_IF_ERROR(Wanted("--metadata-url", flags.metadata_url));
  if (download) {
    RIND_RETURN_IF_ERROR(Wanted("--target-base-url", flags.target_base_url));
    RIND_RETURN_IF_ERROR(Wanted("--target-dir", flags.target_dir));
    if (flags.target_names.empty()) return InvalidArgument("--target-name: missing");
  }
  RIND_ASSIGN_OR_RETURN(const auto fetcher,
                        tuf_client::HttpFetcher(flags.metadata_url, flags.target_base_url, ""));
  tuf_client::ClientOptions options;
  options.metadata_dir = flags.metadata_dir;
  RIND_ASSIGN_OR_RETURN(const auto client,
                        tuf_client::Client::Open(options, session.files, *fetcher, session.clock));
  RIND_RETURN_IF_ERROR(client->Refresh());
  if (!download) return OkStatus();
  RIND_RETURN_IF_ERROR(session.files.MakeDirectories(flags.target_dir, 0755));
  for (const std::string& name : flags.target_names) {
    RIND_RETURN_IF_ERROR(FetchTarget(session, *client, flags, name));
  }
  return OkStatus();
}

}  // namespace

Command ClientCommand() {
  return {
      .name = "client",
      .group = "Client",
      .summary = "A TUF client for any repository: init, refresh, download",
      .teaching =
          "Flags may come before the subcommand. Exit 0: done; 1: refused or failed.\n\n"
          "  rind client --metadata-dir md init root.json\n"
          "  rind client --metadata-dir md --metadata-url http://127.0.0.1:8081/metadata/ refresh\n"
          "  rind client --metadata-dir md --metadata-url http://127.0.0.1:8081/metadata/ \\\n"
          "      --target-base-url http://127.0.0.1:8081/targets/ --target-dir out \\\n"
          "      --target-name simple/six/index.json download",
      .configure = [](CLI::App& app) -> Run {
        auto flags = std::make_shared<Flags>();
        app.require_subcommand(1);
        app.add_option("--metadata-dir", flags->metadata_dir, "Folder of trusted metadata");
        app.add_option("--metadata-url", flags->metadata_url, "Where metadata is");
        app.add_option("--target-base-url", flags->target_base_url, "Where targets are");
        app.add_option("--target-dir", flags->target_dir, "Folder for targets");
        app.add_option("--target-name", flags->target_names, "Path of a target; again for more")
            ->allow_extra_args(false);
        CLI::App* init = app.add_subcommand("init", "Trust a root; no network");
        init->add_option("trusted_root", flags->trusted_root, "File of the root")->required();
        app.add_subcommand("refresh", "Bring root, timestamp, snapshot and targets up to date");
        CLI::App* download = app.add_subcommand("download", "Refresh, then fetch targets");
        return [flags, init, download](Session& session) -> StatusOr<Answer> {
          const Status status = init->parsed()
                                    ? Init(session, *flags)
                                    : RefreshAndDownload(session, *flags, download->parsed());
          if (status.ok()) return Answer::kDone;
          // The conformance protocol knows 0 and 1 only.
          return FailedPrecondition(MessageOf(status));
        };
      }};
}

}  // namespace rind::cli
