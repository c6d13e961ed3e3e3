#include "services/delegation_manager/claims/project_role.h"

#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/pypi/distribution.h"
#include "common/pypi/index_page.h"
#include "common/pypi/project_name.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"
#include "common/tuf/model/rejection.h"
#include "common/tuf/verify/verify.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kMetadataSuffix = ".metadata";

std::string RoleText(const ProjectView& view, tuf::Version version) {
  return Cat("project.", view.project, " v", version.value());
}

// A refusal that every client would share keeps its reason; it only gets the role's name.
Status CheckSignatures(const tuf::SignedDocument<tuf::Targets>& role,
                       const tuf::RoleSigners& signers, const tuf::RoleName& name) {
  tuf::KeyMap keys;
  tuf::RoleKeys role_keys{.key_ids = {}, .threshold = signers.threshold};
  for (const PublicKey& key : signers.keys) {
    const tuf::KeyId id = tuf::KeyId::Of(key);
    if (keys.emplace(id, tuf::Key::Of(key)).second) role_keys.key_ids.push_back(id);
  }
  // PEP 480 wants every signature to be valid, not only enough of them: a broken one is a sign of a
  // broken tool, or of somebody who tries.
  for (const tuf::Signature& signature : role.signatures) {
    const auto found = keys.find(signature.key_id);
    if (found == keys.end()) {
      return FailedPrecondition(Cat(name.text(), ": signed by key ",
                                    Printable(signature.key_id.text(), 16),
                                    ", which is not registered for the project"));
    }
    if (!found->second.verifier->Verify(role.canonical, signature.bytes).ok()) {
      return FailedPrecondition(Cat(name.text(), ": the signature by key ",
                                    signature.key_id.text().substr(0, 8), " does not verify"));
    }
  }
  return tuf::VerifyThreshold(name, role_keys, keys, role.canonical, role.signatures);
}

Status CheckHeader(const tuf::Header& header, const ProjectView& view, absl::Time now) {
  if (header.version.value() != view.last_version + 1) {
    return FailedPrecondition(Cat(RoleText(view, header.version), ": version ",
                                  header.version.value(), ", wanted ", view.last_version + 1));
  }
  if (header.expires <= now) {
    return FailedPrecondition(Cat(RoleText(view, header.version), ": expired ",
                                  FormatUtc(header.expires), ", now is ", FormatUtc(now)));
  }
  if (header.expires > now + kLongestProjectRole) {
    return FailedPrecondition(Cat(RoleText(view, header.version), ": expires ",
                                  FormatUtc(header.expires), ", at most a year ahead is ",
                                  FormatUtc(now + kLongestProjectRole)));
  }
  return OkStatus();
}

bool IsIndexPage(std::string_view path) { return path.starts_with("simple/"); }

// simple/NAME/index.html, simple/NAME/index.json or files/NAME/<one segment>.
Status CheckPath(std::string_view path, const ProjectView& view) {
  RIND_RETURN_IF_ERROR(tuf::TargetPath::Parse(path).status());
  const std::string simple = Cat("simple/", view.project, "/");
  const std::string files = Cat("files/", view.project, "/");
  if (path == simple + "index.html" || path == simple + "index.json") return OkStatus();
  if (path.substr(0, files.size()) == files &&
      path.find('/', files.size()) == std::string_view::npos) {
    return OkStatus();
  }
  return FailedPrecondition(Cat("project.", view.project, ": ", Printable(path), " is outside of ",
                                simple, "index.{html,json} and ", files));
}

StatusOr<KnownFile> CheckTarget(std::string_view path, const tuf::TargetFile& file,
                                const ProjectView& view) {
  RIND_RETURN_IF_ERROR(CheckPath(path, view));
  const auto sha256 = file.hashes.sha256();
  if (!sha256 || file.hashes.by_algorithm().size() != 1) {
    return FailedPrecondition(Cat(path, ": wanted a sha256 and no other hash"));
  }
  if (!file.custom.empty() || file.serial) {
    return FailedPrecondition(Cat(path, ": has `custom`, which a project role may not have"));
  }
  const KnownFile known{.length = file.length, .sha256 = *sha256};
  if (IsIndexPage(path)) return known;
  const auto current = view.targets.find(std::string(path));
  if (current != view.targets.end() && current->second != known) {
    return FailedPrecondition(Cat(path, ": sha256 ", known.sha256.Short(), " and ", known.length,
                                  " bytes; a file never changes, and it is ",
                                  current->second.sha256.Short(), " and ", current->second.length,
                                  " bytes"));
  }
  const auto departed = view.departed.find(std::string(path));
  if (departed != view.departed.end() && departed->second != known.sha256) {
    return FailedPrecondition(Cat(path, ": sha256 ", known.sha256.Short(),
                                  "; it was removed, and returns only as ",
                                  departed->second.Short()));
  }
  return known;
}

Status CheckPage(const std::string& path, std::string_view bytes,
                 const std::map<std::string, KnownFile>& targets) {
  const auto found = targets.find(path);
  if (found == targets.end()) return FailedPrecondition(Cat(path, ": is not in the project role"));
  const Sha256Digest sent = Sha256(bytes);
  if (found->second.sha256 != sent || found->second.length != bytes.size()) {
    return FailedPrecondition(Cat(path, ": the page sent is sha256 ", sent.Short(), " of ",
                                  bytes.size(), " bytes, the role says ",
                                  found->second.sha256.Short(), " of ", found->second.length));
  }
  return OkStatus();
}

Status CheckPages(const ProjectPages& pages, const std::map<std::string, KnownFile>& targets,
                  const ProjectView& view) {
  const std::string simple = Cat("simple/", view.project, "/");
  RIND_RETURN_IF_ERROR(CheckPage(simple + "index.html", pages.html, targets));
  return CheckPage(simple + "index.json", pages.json, targets);
}

// What an installer reads must agree with what it will be given: each file that the JSON page lists
// is a target, with that hash and size.
Status CheckListing(const ProjectPages& pages, const std::map<std::string, KnownFile>& targets,
                    const ProjectView& view) {
  const std::string page = Cat("simple/", view.project, "/index.json");
  RIND_ASSIGN_OR_RETURN(const pypi::ProjectName name, pypi::ProjectName::Parse(view.project));
  const auto listing = pypi::ParseIndexJson(pages.json, name);
  if (!listing.ok()) return Annotate(listing.status(), page);
  for (const pypi::ListedFile& file : listing->files) {
    const std::string path = Cat("files/", view.project, "/", file.distribution.filename());
    const auto found = targets.find(path);
    if (found == targets.end()) {
      return FailedPrecondition(Cat(page, ": lists ", file.distribution.filename(),
                                    ", which is not in the project role"));
    }
    if (file.sha256 != found->second.sha256) {
      return FailedPrecondition(Cat(page, ": ", file.distribution.filename(),
                                    ": another sha256 than the role's ",
                                    found->second.sha256.Short()));
    }
  }
  return OkStatus();
}

// A new file is a wheel or an sdist of this very project.
Status CheckFileNames(const std::map<std::string, KnownFile>& targets, const ProjectView& view) {
  RIND_ASSIGN_OR_RETURN(const pypi::ProjectName name, pypi::ProjectName::Parse(view.project));
  const std::string files = Cat("files/", view.project, "/");
  for (const auto& [path, file] : targets) {
    if (IsIndexPage(path) || path.ends_with(kMetadataSuffix) || view.targets.contains(path)) {
      continue;
    }
    const Status parsed = pypi::Distribution::Parse(path.substr(files.size()), name).status();
    if (!parsed.ok()) return FailedPrecondition(Cat(path, ": ", MessageOf(parsed)));
  }
  return OkStatus();
}

// A metadata file speaks for the distribution beside it.
Status CheckMetadataFiles(const std::map<std::string, KnownFile>& targets) {
  for (const auto& [path, file] : targets) {
    if (!path.ends_with(kMetadataSuffix)) continue;
    const std::string distribution = path.substr(0, path.size() - kMetadataSuffix.size());
    if (!targets.contains(distribution)) {
      return FailedPrecondition(Cat(path, ": there is no ", distribution, " beside it"));
    }
  }
  return OkStatus();
}

Status CheckBlobs(const std::map<std::string, KnownFile>& targets, const ProjectView& view,
                  const BlobLength& blob_length) {
  for (const auto& [path, file] : targets) {
    if (IsIndexPage(path) || view.targets.contains(path)) continue;
    const StatusOr<std::uint64_t> length = blob_length(file.sha256);
    if (absl::IsNotFound(length.status())) {
      return FailedPrecondition(
          Cat(path, ": no file with sha256 ", file.sha256.Short(), " was uploaded"));
    }
    if (!length.ok()) return Annotate(length.status(), path);
    if (*length != file.length) {
      return FailedPrecondition(
          Cat(path, ": the role says ", file.length, " bytes, uploaded were ", *length));
    }
  }
  return OkStatus();
}

}  // namespace

StatusOr<ProjectRole> CheckProjectRole(std::string_view file, const ProjectPages& pages,
                                       const tuf::RoleSigners& signers, const ProjectView& view,
                                       const BlobLength& blob_length, absl::Time now) {
  const tuf::RoleName name = tuf::ProjectRole(view.project);
  if (file.size() > kMaxProjectRoleBytes) {
    return FailedPrecondition(
        Cat(name.text(), ": ", file.size(), " bytes, at most ", kMaxProjectRoleBytes));
  }
  if (pages.html.size() > kMaxPageBytes || pages.json.size() > kMaxPageBytes) {
    return FailedPrecondition(
        Cat("simple/", view.project, "/: a page of more than ", kMaxPageBytes, " bytes"));
  }
  auto decoded = tuf::DecodeTargets(file);
  if (!decoded.ok()) return Annotate(decoded.status(), name.text());
  // The snapshot and the signers know a file by its hash: its bytes must be those of
  // docs/formats/metadata.md, with nothing unknown in the envelope.
  if (tuf::EncodeEnvelope(decoded->canonical, decoded->signatures) != file) {
    return InvalidArgument(Cat(name.text(), ": not in canonical form"));
  }
  if (tuf::EncodeCanonical(decoded->document) != decoded->canonical) {
    return InvalidArgument(Cat(name.text(), ": has members that a project role may not have"));
  }
  RIND_RETURN_IF_ERROR(CheckSignatures(*decoded, signers, name));
  RIND_RETURN_IF_ERROR(CheckHeader(decoded->document.header, view, now));
  if (decoded->document.delegations) {
    return FailedPrecondition(Cat(name.text(), ": delegates, which a project role may not yet"));
  }
  ProjectRole role;
  for (const auto& [path, target] : decoded->document.targets) {
    RIND_ASSIGN_OR_RETURN(KnownFile known, CheckTarget(path, target, view));
    role.targets.emplace(path, known);
  }
  RIND_RETURN_IF_ERROR(CheckPages(pages, role.targets, view));
  RIND_RETURN_IF_ERROR(CheckListing(pages, role.targets, view));
  RIND_RETURN_IF_ERROR(CheckFileNames(role.targets, view));
  RIND_RETURN_IF_ERROR(CheckMetadataFiles(role.targets));
  RIND_RETURN_IF_ERROR(CheckBlobs(role.targets, view, blob_length));
  role.document = std::move(decoded->document);
  role.file = std::string(file);
  return role;
}

}  // namespace rind::delegation_manager
