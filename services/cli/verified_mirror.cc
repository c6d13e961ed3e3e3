#include "services/cli/verified_mirror.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/pypi/index_page.h"
#include "common/tuf/model/rejection.h"
#include "services/cli/bundle.h"

namespace rind::cli {
namespace {

enum class Holder { kOffline, kProject, kOnline };

// ARCHITECTURE.md, section 3: whose keys sign a role.
Holder HolderOf(const tuf::RoleName& role) {
  const std::string& name = role.text();
  if (name.starts_with("project.")) return Holder::kProject;
  if (name == "targets" || name == "unclaimed" || name == "claimed" ||
      name.starts_with("claimed-")) {
    return Holder::kOffline;
  }
  return Holder::kOnline;
}

std::string WithVersion(std::string_view role, const tuf::Version& version) {
  return Cat(role, " v", version.value());
}

// Lower is what an installer takes first.
int Rank(const pypi::Distribution& distribution) {
  if (distribution.kind() != pypi::DistributionKind::kWheel) return 2;
  return distribution.filename().ends_with("-none-any.whl") ? 0 : 1;
}

bool SameVersion(const pypi::Distribution& distribution, const std::string& wanted) {
  const auto version = pypi::Version::Parse(wanted);
  if (version.ok() && distribution.version()) return *distribution.version() == *version;
  return distribution.version_text() == wanted;
}

// The project in a file name: up to the first dash of a wheel, up to the last one of an sdist.
std::string ProjectPart(std::string_view filename) {
  if (filename.ends_with(".whl")) return std::string(filename.substr(0, filename.find('-')));
  return std::string(filename.substr(0, filename.rfind('-')));
}

}  // namespace

StatusOr<Wanted> ParseWanted(std::string_view text) {
  const std::size_t equals = text.find("==");
  if (equals != std::string_view::npos) {
    RIND_ASSIGN_OR_RETURN(const auto project, pypi::ProjectName::Parse(text.substr(0, equals)));
    const std::string_view version = Trim(text.substr(equals + 2));
    if (version.empty()) return InvalidArgument(Cat(Printable(text), ": no version after =="));
    return Wanted{project.text(), std::string(version), ""};
  }
  const std::string_view filename = text.substr(text.rfind('/') + 1);
  const bool known =
      filename.ends_with(".whl") || filename.ends_with(".tar.gz") || filename.ends_with(".zip");
  if (!known || filename.find('-') == std::string_view::npos) {
    return InvalidArgument(Cat(Printable(text),
                               ": wanted NAME==VERSION (six==1.16.0) or the file name "
                               "of a wheel or sdist"));
  }
  RIND_ASSIGN_OR_RETURN(const auto project, pypi::ProjectName::Parse(ProjectPart(filename)));
  return Wanted{project.text(), "", std::string(filename)};
}

StatusOr<std::unique_ptr<VerifiedMirror>> VerifiedMirror::Open(Session& session,
                                                               const ClientSettings& settings) {
  RIND_ASSIGN_OR_RETURN(const Bundle bundle, ReadBundle(session.files, settings.bundle));
  const std::string folder =
      JoinPath(settings.cache, Cat("metadata-", bundle.root_sha256.substr(0, 16)));
  RIND_RETURN_IF_ERROR(session.files.MakeDirectories(folder, 0700));
  RIND_RETURN_IF_ERROR(tuf_client::Client::Initialise(session.files, folder, bundle.root));
  auto out = std::unique_ptr<VerifiedMirror>(new VerifiedMirror);
  RIND_ASSIGN_OR_RETURN(out->fetcher_, tuf_client::HttpFetcher(settings.mirror, ""));
  tuf_client::ClientOptions options;
  options.metadata_dir = folder;
  RIND_ASSIGN_OR_RETURN(out->client_, tuf_client::Client::Open(options, session.files,
                                                               *out->fetcher_, session.clock));
  RIND_RETURN_IF_ERROR(out->client_->Refresh());
  return out;
}

Trust VerifiedMirror::TrustOf(const tuf_client::FoundTarget& target) const {
  const tuf::TrustedSet& trusted = client_->trusted();
  Trust out;
  out.offline_expires = trusted.root().header.expires;
  out.project_expires = absl::InfiniteFuture();
  out.online_expires =
      std::min(trusted.snapshot()->header.expires, trusted.timestamp()->header.expires);
  out.offline.push_back(WithVersion("root", trusted.root().header.version));
  for (const tuf_client::RoleOnPath& role : target.chain) {
    const std::string text = WithVersion(role.role.text(), role.version);
    switch (HolderOf(role.role)) {
      case Holder::kOffline:
        out.offline.push_back(text);
        out.offline_expires = std::min(out.offline_expires, role.expires);
        break;
      case Holder::kProject:
        out.project.push_back(text);
        out.project_expires = std::min(out.project_expires, role.expires);
        break;
      case Holder::kOnline:
        out.online.push_back(text);
        out.online_expires = std::min(out.online_expires, role.expires);
        break;
    }
  }
  out.online.push_back(WithVersion("snapshot", trusted.snapshot()->header.version));
  out.online.push_back(WithVersion("timestamp", trusted.timestamp()->header.version));
  return out;
}

StatusOr<std::vector<VerifiedFile>> VerifiedMirror::Find(const Wanted& wanted) {
  RIND_ASSIGN_OR_RETURN(const auto project, pypi::ProjectName::Parse(wanted.project));
  auto page_target = client_->Find(Cat("simple/", project.text(), "/index.json"));
  if (!page_target.ok()) return Annotate(page_target.status(), Cat("project ", project.text()));
  RIND_ASSIGN_OR_RETURN(const std::string bytes, client_->Download(*page_target));
  RIND_ASSIGN_OR_RETURN(pypi::IndexPage page, pypi::ParseIndexJson(bytes, project));
  std::stable_sort(page.files.begin(), page.files.end(), [](const auto& a, const auto& b) {
    return Rank(a.distribution) < Rank(b.distribution);
  });
  std::vector<VerifiedFile> out;
  for (const pypi::ListedFile& listed : page.files) {
    const std::string& filename = listed.distribution.filename();
    const bool meant = wanted.filename.empty() ? SameVersion(listed.distribution, wanted.version)
                                               : filename == wanted.filename;
    if (!meant) continue;
    const std::string path = Cat("files/", project.text(), "/", filename);
    RIND_ASSIGN_OR_RETURN(tuf_client::FoundTarget target, client_->Find(path));
    const auto digest = target.file.hashes.sha256();
    if (!digest || !listed.sha256 || *listed.sha256 != *digest) {
      return tuf::Reject(tuf::Rejection::kWrongHash,
                         Cat(path, ": ", target.chain.back().role.text(), " names ",
                             target.file.hashes.Preferred(), ", the page names ",
                             listed.sha256 ? listed.sha256->Hex() : std::string("none")));
    }
    Trust trust = TrustOf(target);
    out.push_back(
        {path, filename, *digest, target.file.length, std::move(trust), std::move(target)});
  }
  if (out.empty()) {
    return NotFound(
        wanted.filename.empty()
            ? Cat(project.text(), ": the mirror has no version ", Printable(wanted.version))
            : Cat(Printable(wanted.filename), ": the mirror has no such file"));
  }
  return out;
}

Status VerifiedMirror::Fetch(const VerifiedFile& file,
                             const std::function<Status(std::string_view)>& sink) {
  return client_->DownloadTo(file.target, sink);
}

}  // namespace rind::cli
