#include "services/cli/home.h"

#include <array>
#include <climits>
#include <cstdlib>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/runtime/config.h"
#include "services/cli/officer_key.h"
#include "services/cli/toml_text.h"

namespace rind::cli {
namespace {

constexpr std::array<std::string_view, 8> kFolders = {
    "offline-signer", "release-signer", "content-signer", "delegation-manager",
    "mirror-syncer",  "gateway",        "developer",      "officer"};
constexpr std::array<std::string_view, 3> kSigners = {"offline-signer", "release-signer",
                                                      "content-signer"};

// Absolute and without symbolic links: nginx follows none (disable_symlinks), in no part of a path.
std::string Absolute(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(folder.c_str(), resolved.data()) != nullptr) return resolved.data();
  const std::string parent = folder.find('/') == std::string::npos ? "." : ParentPath(folder);
  if (::realpath(parent.c_str(), resolved.data()) == nullptr) return folder;
  return JoinPath(resolved.data(), folder.substr(folder.rfind('/') + 1));
}

// nginx reads these as its own syntax, or as the end of a word.
Status CheckFolder(const std::string& folder) {
  for (const char c : folder) {
    if (static_cast<unsigned char>(c) <= ' ' ||
        std::string_view("\"'\\$;{}#").find(c) != std::string_view::npos) {
      return InvalidArgument(Cat("home ", Printable(folder), ": holds ", Printable({&c, 1}),
                                 ", which nginx can't have in a path; choose another with --home"));
    }
  }
  return OkStatus();
}

}  // namespace

bool HomeSettings::operator==(const HomeSettings& other) const {
  return EncodeSettings(*this) == EncodeSettings(other);
}

std::string NewRepositoryId(Random& random) { return Cat("rind-", ToHex(random.Bytes(4))); }

std::string EncodeSettings(const HomeSettings& settings) {
  return Cat(
      "# What `rind up` made this home with. Change it with flags of `rind up`.\n"
      "[repository]\n"
      "id = ",
      Quoted(settings.id), "\nbins = ", settings.bins, "\nprofile = ", Quoted(settings.profile),
      "\nbootstrap = ", Quoted(settings.bootstrap), "\n[ports]\nbase = ", settings.ports.base,
      "\ngateway = ", settings.ports.gateway, "\nweb = ", settings.ports.web,
      "\n[upstream]\nsample = ", settings.sample ? "true" : "false",
      "\nindex = ", Quoted(settings.upstream), "\nprojects = ", QuotedList(settings.projects),
      "\nnewest_releases = ", settings.newest_releases,
      "\nprivate_addresses = ", settings.private_upstream ? "true" : "false",
      "\ncredentials_file = ", Quoted(settings.upstream_credentials),
      "\nca_file = ", Quoted(settings.upstream_ca), "\nproxy = ", Quoted(settings.upstream_proxy),
      "\n");
}

StatusOr<HomeSettings> LoadSettings(const std::string& path) {
  RIND_ASSIGN_OR_RETURN(runtime::Config config, runtime::Config::Load(path));
  HomeSettings out;
  out.id = config.String("repository.id");
  out.bins = static_cast<std::uint32_t>(config.Integer("repository.bins", 16, 32768));
  out.profile = config.ChoiceOr("repository.profile", {"default", "pep458", "relaxed"}, "default");
  out.bootstrap = config.ChoiceOr("repository.bootstrap", {"demo", "none"}, "demo");
  out.ports.base = static_cast<std::uint16_t>(config.Integer("ports.base", 1, 65400));
  out.ports.gateway = static_cast<std::uint16_t>(config.Integer("ports.gateway", 1, 65535));
  out.ports.web = static_cast<std::uint16_t>(config.Integer("ports.web", 1, 65535));
  out.sample = config.BoolOr("upstream.sample", false);
  out.upstream = config.String("upstream.index");
  out.projects = config.Strings("upstream.projects");
  out.newest_releases = config.Integer("upstream.newest_releases", 0, 1'000'000);
  out.private_upstream = config.BoolOr("upstream.private_addresses", false);
  out.upstream_credentials = config.StringOr("upstream.credentials_file", "");
  out.upstream_ca = config.StringOr("upstream.ca_file", "");
  out.upstream_proxy = config.StringOr("upstream.proxy", "");
  RIND_RETURN_IF_ERROR(config.Finish());
  return out;
}

Home::Home(FileSystem& files, std::string folder)
    : files_(files), folder_(Absolute(std::move(folder))) {}

std::string Home::Config(std::string_view service) const {
  return Path(Cat(service, "/config.toml"));
}
std::string Home::Log(std::string_view service) const { return Path(Cat("log/", service, ".log")); }
std::string Home::PidFile(std::string_view service) const {
  return Path(Cat("run/", service, ".pid"));
}

bool Home::Exists() const { return files_.Stat(Path("up.toml")).ok(); }

StatusOr<HomeSettings> Home::Load() const { return LoadSettings(Path("up.toml")); }

Status Home::Prepare(const HomeSettings& settings, Random& random) const {
  RIND_RETURN_IF_ERROR(CheckFolder(folder_));
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(folder_, 0755));
  for (const std::string_view folder : kFolders) {
    RIND_RETURN_IF_ERROR(files_.MakeDirectories(Path(folder), 0700));
  }
  for (const std::string_view folder :
       {"public", "blobs", "web", "web/temp", "run", "log", "pki"}) {
    RIND_RETURN_IF_ERROR(files_.MakeDirectories(Path(folder), 0755));
  }
  bool changed = true;
  if (Exists()) {
    RIND_ASSIGN_OR_RETURN(const HomeSettings before, Load());
    changed = before != settings;
  }
  RIND_RETURN_IF_ERROR(MakeSecrets(settings, random));
  RIND_RETURN_IF_ERROR(WriteConfigs(settings, changed));
  if (!changed) return OkStatus();
  return files_.Replace(Path("up.toml"), EncodeSettings(settings), 0644);
}

Status Home::WriteConfigs(const HomeSettings& settings, bool replace) const {
  for (const auto& [name, text] : ConfigFiles(settings, folder_)) {
    if (!replace && files_.Stat(Path(name)).ok()) continue;
    RIND_RETURN_IF_ERROR(files_.Replace(Path(name), text, 0644));
  }
  return OkStatus();
}

Status Home::MakeSecrets(const HomeSettings& settings, Random& random) const {
  for (const std::string_view signer : kSigners) {
    const std::string path = Path(Cat(signer, "/passphrase"));
    if (files_.Stat(path).ok()) continue;
    RIND_RETURN_IF_ERROR(files_.Create(path, Cat(ToHex(random.Bytes(32)), "\n"), 0600));
  }
  if (settings.bootstrap != "demo" || files_.Stat(Path("officer/officer.pub")).ok()) {
    return OkStatus();
  }
  return MakeOfficerKey(files_, Path("officer/officer.key"), Path("officer/officer.pub"), nullptr,
                        random)
      .status();
}

}  // namespace rind::cli
