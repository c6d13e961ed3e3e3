#include "services/project_signer/workspace.h"

#include "common/base/text.h"
#include "common/tuf/json/decode.h"

namespace rind::project_signer {
namespace {

constexpr std::uint64_t kMaxSmall = 64ULL * 1024;
constexpr std::uint64_t kMaxPage = 16ULL * 1024 * 1024;
constexpr std::uint64_t kMaxUploads = 64ULL * 1024 * 1024;

// "<sha256> <length> <sha256 of the distribution, or -> <path>"
std::string Line(const Upload& upload) {
  return Cat(upload.content.sha256.Hex(), " ", upload.content.length, " ",
             upload.metadata_of ? upload.metadata_of->Hex() : std::string("-"), " ", upload.path,
             "\n");
}

StatusOr<Upload> ParseLine(std::string_view line) {
  const Status wrong = DataLoss(Cat("next/uploads: can't read '", Printable(line), "'"));
  std::vector<std::string_view> words;
  for (int i = 0; i < 3; ++i) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return wrong;
    words.push_back(line.substr(0, space));
    line.remove_prefix(space + 1);
  }
  const auto sha256 = Sha256Digest::FromHex(words[0]);
  const auto length = ParseUnsigned(words[1], UINT64_MAX);
  if (!sha256.ok() || !length || line.empty()) return wrong;
  Upload upload{.path = std::string(line),
                .content = {.length = *length, .sha256 = *sha256},
                .metadata_of = std::nullopt};
  if (words[2] != "-") {
    const auto of = Sha256Digest::FromHex(words[2]);
    if (!of.ok()) return wrong;
    upload.metadata_of = *of;
  }
  return upload;
}

Status CheckPage(const tuf::Targets& role, std::string_view name, std::string_view bytes) {
  for (const auto& [path, file] : role.targets) {
    if (!path.starts_with("simple/") || !path.ends_with(Cat("/", name))) continue;
    if (file.length == bytes.size() && file.hashes.Check(bytes).ok()) return OkStatus();
    break;
  }
  return DataLoss(Cat("next/", name, ": is not the page that next/role.json lists"));
}

}  // namespace

Status Workspace::SaveClaim(const evidence::ClaimStatement& claim) {
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(folder_, 0700));
  return files_.Replace(At("claim"), evidence::Encode(claim), 0600);
}

StatusOr<std::optional<evidence::ClaimStatement>> Workspace::LoadClaim() const {
  const StatusOr<std::string> bytes = files_.Read(At("claim"), kMaxSmall);
  if (absl::IsNotFound(bytes.status())) return std::optional<evidence::ClaimStatement>();
  if (!bytes.ok()) return bytes.status();
  auto claim = evidence::DecodeClaim(*bytes);
  if (!claim.ok()) return Annotate(claim.status(), At("claim"));
  return std::optional(*std::move(claim));
}

Status Workspace::Stage(const StagedVersion& staged) {
  std::string lines;
  for (const Upload& upload : staged.uploads) {
    if (upload.path.find('\n') != std::string::npos) {
      return InvalidArgument(Cat(Printable(upload.path), ": a line end in a file's name"));
    }
    lines += Line(upload);
  }
  RIND_RETURN_IF_ERROR(DropStaged());
  RIND_RETURN_IF_ERROR(files_.MakeDirectories(At("next"), 0700));
  RIND_RETURN_IF_ERROR(files_.Replace(At("next/index.html"), staged.version.index_html, 0600));
  RIND_RETURN_IF_ERROR(files_.Replace(At("next/index.json"), staged.version.index_json, 0600));
  RIND_RETURN_IF_ERROR(files_.Replace(At("next/uploads"), lines, 0600));
  // Last: its presence says that the rest is there.
  return files_.Replace(At("next/role.json"), staged.version.role_file, 0600);
}

StatusOr<StagedVersion> Workspace::LoadStaged() const {
  StagedVersion staged;
  StatusOr<std::string> role = files_.Read(At("next/role.json"), kMaxPage);
  if (absl::IsNotFound(role.status())) {
    return NotFound(Cat(folder_, ": nothing waits to be pushed; `rind-project add` makes it"));
  }
  RIND_ASSIGN_OR_RETURN(staged.version.role_file, std::move(role));
  RIND_ASSIGN_OR_RETURN(staged.version.index_html, files_.Read(At("next/index.html"), kMaxPage));
  RIND_ASSIGN_OR_RETURN(staged.version.index_json, files_.Read(At("next/index.json"), kMaxPage));
  RIND_ASSIGN_OR_RETURN(const std::string lines, files_.Read(At("next/uploads"), kMaxUploads));
  RIND_ASSIGN_OR_RETURN(const auto decoded, tuf::DecodeTargets(staged.version.role_file));
  RIND_RETURN_IF_ERROR(CheckPage(decoded.document, "index.html", staged.version.index_html));
  RIND_RETURN_IF_ERROR(CheckPage(decoded.document, "index.json", staged.version.index_json));
  for (const std::string& line : Split(lines, '\n')) {
    if (line.empty()) continue;
    RIND_ASSIGN_OR_RETURN(Upload upload, ParseLine(line));
    staged.uploads.push_back(std::move(upload));
  }
  return staged;
}

Status Workspace::DropStaged() {
  // The role first: without it nothing is staged, whatever of the rest is still there.
  for (const std::string_view name : {"role.json", "uploads", "index.json", "index.html"}) {
    Status status = files_.Remove(At(Cat("next/", name)));
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return OkStatus();
}

}  // namespace rind::project_signer
