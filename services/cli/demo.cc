#include <CLI/CLI.hpp>

#include "common/base/text.h"
#include "services/cli/commands_table.h"
#include "services/cli/verified_mirror.h"

namespace rind::cli {
namespace {

constexpr std::uint64_t kMaxBlob = 1ULL * 1024 * 1024 * 1024;

struct Flags {
  // Of the sample, and not what the README installs first: a gateway rightly goes on serving its
  // own verified copy.
  std::string wanted = "rind-cheese==1.2";
  std::string blobs;
};

// --blobs, RIND_BLOBS, or the blobs of the `rind up` home that client.toml lies in.
StatusOr<std::string> BlobsFolder(const Session& session, const Flags& flags,
                                  const ClientSettings& settings) {
  if (!flags.blobs.empty()) return flags.blobs;
  if (const auto named = Environment("RIND_BLOBS")) return *named;
  const std::string home = ParentPath(settings.file);
  if (session.files.Stat(JoinPath(home, "up.toml")).ok()) return JoinPath(home, "blobs");
  return InvalidArgument("where are the mirror's files? give --blobs DIR or RIND_BLOBS");
}

// Turns one bit of the byte in the middle. Done twice it is as before, so no copy has to be kept.
std::string WithOneBitTurned(std::string bytes) {
  char& byte = bytes[bytes.size() / 2];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U);
  return bytes;
}

// A gateway of the same home may hold a verified copy of the file, and would rightly serve that.
Status ForgetGatewayCopy(Session& session, const ClientSettings& settings, const std::string& hex) {
  const std::string copy =
      JoinPath(ParentPath(settings.file), Cat("gateway/cache/sha256/", hex.substr(0, 2), "/", hex));
  return session.files.Stat(copy).ok() ? session.files.Remove(copy) : OkStatus();
}

StatusOr<Answer> RunDemo(Session& session, const Flags& flags, bool tamper) {
  RIND_ASSIGN_OR_RETURN(const Wanted wanted, ParseWanted(flags.wanted));
  RIND_ASSIGN_OR_RETURN(const ClientSettings settings, session.Settings());
  RIND_ASSIGN_OR_RETURN(const std::string blobs, BlobsFolder(session, flags, settings));
  RIND_ASSIGN_OR_RETURN(const auto mirror, VerifiedMirror::Open(session, settings));
  RIND_ASSIGN_OR_RETURN(const auto found, mirror->Find(wanted));
  const VerifiedFile& file = found.front();
  const std::string hex = file.sha256.Hex();
  const std::string path = JoinPath(blobs, Cat("sha256/", hex.substr(0, 2), "/", hex));
  const auto bytes = session.files.Read(path, kMaxBlob);
  if (!bytes.ok()) return AsUsage(bytes.status());
  const auto info = session.files.Stat(path);
  if (!info.ok()) return AsUsage(info.status());
  const bool intact = Sha256(*bytes) == file.sha256;
  if (intact != tamper) {
    session.out().Line(
        Cat(file.filename, tamper ? ": is changed already; `rind demo restore` puts it back"
                                  : ": is as it should be"));
    session.out().Result(JsonValue::Object().Set("file", file.path).Set("changed", tamper));
    return Answer::kDone;
  }
  const std::string turned = WithOneBitTurned(*bytes);
  if (!tamper && Sha256(turned) != file.sha256) {
    return FailedPrecondition(Cat(path, ": holds sha256 ", Sha256(*bytes).Hex(),
                                  ", which `rind demo tamper` did not make"));
  }
  RIND_RETURN_IF_ERROR(session.files.Replace(path, turned, info->mode));
  if (tamper) RIND_RETURN_IF_ERROR(ForgetGatewayCopy(session, settings, hex));
  session.out().Line(tamper
                         ? Cat("changed one byte of ", file.filename, " on the web server: sha256 ",
                               hex, " is now ", Sha256(turned).Hex())
                         : Cat("put back: ", file.filename, "  sha256 ", hex));
  if (tamper) session.out().Note("a gateway that holds a verified copy goes on serving that one");
  session.out().Result(JsonValue::Object().Set("file", file.path).Set("changed", tamper));
  return Answer::kDone;
}

}  // namespace

Command DemoCommand() {
  return {.name = "demo",
          .group = "Other",
          .summary = "Change one byte on the web server, to see it refused; put it back",
          .teaching =
              "Plays an attacker who can write to the mirror's files. Only for a demonstration.\n\n"
              "  rind demo tamper                    # rind-cheese==1.2 of the sample\n"
              "  rind demo restore\n"
              "  rind demo tamper six==1.16.0 --blobs /srv/rind/blobs",
          .configure = [](CLI::App& app) -> Run {
            app.require_subcommand(1);
            auto flags = std::make_shared<Flags>();
            CLI::App* tamper = app.add_subcommand("tamper", "Change one byte of a served file");
            CLI::App* restore = app.add_subcommand("restore", "Put it back");
            for (CLI::App* sub : {tamper, restore}) {
              sub->add_option("what", flags->wanted, "NAME==VERSION, or a file name")
                  ->capture_default_str();
              sub->add_option("--blobs", flags->blobs, "Folder of the mirror's files");
            }
            return [flags, tamper](Session& session) {
              return RunDemo(session, *flags, tamper->parsed());
            };
          }};
}

}  // namespace rind::cli
