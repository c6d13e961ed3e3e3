#include "services/project_signer/commands.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/tuf/json/decode.h"
#include "services/project_signer/key_ring.h"
#include "services/project_signer/workspace.h"

namespace rind::project_signer {
namespace {

constexpr std::uint64_t kMaxMetadataBytes = 2ULL * 1024 * 1024;

absl::Duration Days(int days) { return absl::Hours(24 * days); }

Status CheckRange(std::string_view flag, int value, int least, int most) {
  if (value >= least && value <= most) return OkStatus();
  return InvalidArgument(Cat(flag, ": ", value, ", wanted ", least, " to ", most));
}

void PrintKey(const Context& context, const std::string& name, const PublicKey& key) {
  context.print(Cat("  ", name, ".pub  ", key.material(), "  id ",
                    evidence::StatementKeyId(key).substr(0, 8)));
}

// What is about to be signed, one line for each target.
void PrintTargets(const Context& context, const tuf::Targets& role,
                  const std::map<std::string, Content>& published) {
  for (const auto& [path, file] : role.targets) {
    const auto sha256 = file.hashes.sha256();
    const bool is_new = !published.contains(path);
    context.print(Cat(is_new ? "+ " : "  ", path, "  ", file.length, " bytes  sha256 ",
                      sha256 ? sha256->Hex() : std::string("none")));
  }
}

StatusOr<PublishedProject> Fetch(const Context& context, const pypi::ProjectName& project) {
  RIND_ASSIGN_OR_RETURN(DeveloperClient * manager, context.manager());
  return manager->GetProject(project.text());
}

StatusOr<std::vector<PublicKey>> ChosenKeys(const Context& context, const Workspace& workspace,
                                            const ClaimOptions& options) {
  std::vector<PublicKey> keys;
  for (const std::string& path : options.key_files) {
    RIND_ASSIGN_OR_RETURN(PublicKey key, ReadPublicKeyFile(context.files, path));
    keys.push_back(std::move(key));
  }
  if (keys.empty()) {
    RIND_ASSIGN_OR_RETURN(const auto here, KeysOf(context, workspace));
    for (const auto& [name, key] : here) keys.push_back(key);
  }
  if (keys.empty()) {
    return NotFound(Cat(workspace.KeyFolder(), ": no keys; `rind-project init` makes them"));
  }
  // The order of docs/formats/statements.md: by material.
  std::sort(keys.begin(), keys.end(), [](const PublicKey& left, const PublicKey& right) {
    return left.material() < right.material();
  });
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return InvalidArgument("--key: one key is given twice");
  }
  RIND_RETURN_IF_ERROR(CheckRange("keys", static_cast<int>(keys.size()), 1, kMaxKeys));
  return keys;
}

StatusOr<evidence::ClaimStatement> MakeClaim(const Context& context,
                                             const pypi::ProjectName& project,
                                             const PublishedProject& published,
                                             std::vector<PublicKey> keys,
                                             const ClaimOptions& options) {
  const int count = static_cast<int>(keys.size());
  const int threshold = options.threshold.value_or(count / 2 + 1);
  RIND_RETURN_IF_ERROR(CheckRange("--threshold", threshold, 1, count));
  RIND_ASSIGN_OR_RETURN(const tuf::Threshold needed, tuf::Threshold::Create(threshold));
  const absl::Time expires = context.clock.Now() + Days(options.claim_days);
  return evidence::ClaimStatement{.repository = published.repository,
                                  .project = project.text(),
                                  .keys = std::move(keys),
                                  .threshold = needed,
                                  .expires = absl::FromUnixSeconds(absl::ToUnixSeconds(expires))};
}

// The content of a file, hashed in pieces.
StatusOr<Content> HashFile(const FileReader& files, const std::string& path) {
  Content content;
  Sha256Hasher hasher;
  RIND_RETURN_IF_ERROR(files.ReadPieces(path, [&](std::string_view piece) {
    content.length += piece.size();
    hasher.Update(piece);
    return OkStatus();
  }));
  content.sha256 = hasher.Finish();
  return content;
}

StatusOr<NewFile> ReadNewFile(const Context& context, const pypi::ProjectName& project,
                              const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string filename = slash == std::string::npos ? path : path.substr(slash + 1);
  auto distribution = pypi::Distribution::Parse(filename, project);
  if (!distribution.ok()) return InvalidArgument(MessageOf(distribution.status()));
  RIND_ASSIGN_OR_RETURN(const Content content, HashFile(context.files, path));
  NewFile file{.path = path,
               .distribution = *std::move(distribution),
               .content = content,
               .metadata_path = "",
               .metadata = std::nullopt,
               .requires_python = ""};
  const std::string metadata_path = Cat(path, ".metadata");
  const StatusOr<std::string> metadata = context.files.Read(metadata_path, kMaxMetadataBytes);
  if (absl::IsNotFound(metadata.status())) return file;
  if (!metadata.ok()) return metadata.status();
  file.metadata_path = metadata_path;
  file.metadata = Content{.length = metadata->size(), .sha256 = Sha256(*metadata)};
  file.requires_python = RequiresPython(*metadata);
  return file;
}

// The keys that sign: those of the claim that was made from here, else all that are here.
StatusOr<std::vector<PublicKey>> RegisteredKeys(const Context& context,
                                                const Workspace& workspace) {
  RIND_ASSIGN_OR_RETURN(const auto claim, workspace.LoadClaim());
  if (claim) return claim->keys;
  RIND_ASSIGN_OR_RETURN(const auto here, KeysOf(context, workspace));
  std::vector<PublicKey> keys;
  for (const auto& [name, key] : here) keys.push_back(key);
  return keys;
}

StatusOr<SignedVersion> Sign(const KeyRing& keys, NextVersion next) {
  RIND_ASSIGN_OR_RETURN(std::string role_file, keys.SignRole(next.role));
  return SignedVersion{.role_file = std::move(role_file),
                       .index_html = std::move(next.index_html),
                       .index_json = std::move(next.index_json)};
}

std::vector<Upload> UploadsOf(const std::vector<NewFile>& files) {
  std::vector<Upload> uploads;
  for (const NewFile& file : files) {
    uploads.push_back({.path = file.path, .content = file.content, .metadata_of = std::nullopt});
    if (file.metadata) {
      uploads.push_back({.path = file.metadata_path,
                         .content = *file.metadata,
                         .metadata_of = file.content.sha256});
    }
  }
  return uploads;
}

}  // namespace

Status Init(const Context& context, const pypi::ProjectName& project, const std::string& folder,
            const InitOptions& options) {
  RIND_RETURN_IF_ERROR(CheckRange("--keys", options.keys, 1, kMaxKeys));
  const Workspace workspace(context.files, folder);
  RIND_ASSIGN_OR_RETURN(const auto here, KeysOf(context, workspace));
  if (!here.empty()) {
    return AlreadyExists(Cat(workspace.KeyFolder(), ": has ", here.size(),
                             " keys already; a key is never replaced"));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, context.passphrase(true));
  keystore::EncryptedFileKeyStore store(context.files, context.random, workspace.KeyFolder(),
                                        std::move(passphrase), context.cost);
  context.print(Cat("Keys of ", project.text(), " in ", workspace.KeyFolder(), ":"));
  for (int i = 1; i <= options.keys; ++i) {
    // Key names have at most 100 bytes; project names up to 150.
    const std::string stem = project.text().substr(0, 90);
    const std::string name = options.keys == 1 ? stem : Cat(stem, "-", i);
    RIND_ASSIGN_OR_RETURN(const PublicKey key, store.Create(name));
    PrintKey(context, name, key);
  }
  context.print(Cat("Next: rind-project claim ", project.text()));
  return OkStatus();
}

Status Claim(const Context& context, const pypi::ProjectName& project, const std::string& folder,
             const ClaimOptions& options) {
  RIND_RETURN_IF_ERROR(CheckRange("--expires", options.role_days, 1, kMaxRoleDays));
  RIND_RETURN_IF_ERROR(CheckRange("--claim-expires", options.claim_days, 1, kMaxClaimDays));
  Workspace workspace(context.files, folder);
  RIND_ASSIGN_OR_RETURN(std::vector<PublicKey> chosen, ChosenKeys(context, workspace, options));
  RIND_ASSIGN_OR_RETURN(const PublishedProject published, Fetch(context, project));
  if (published.claimed()) {
    return FailedPrecondition(Cat(project.text(), ": is ", published.state, " already"));
  }
  RIND_ASSIGN_OR_RETURN(const evidence::ClaimStatement claim,
                        MakeClaim(context, project, published, std::move(chosen), options));
  RIND_ASSIGN_OR_RETURN(NextVersion next, VouchFor(published, project,
                                                   context.clock.Now() + Days(options.role_days)));

  context.print(Cat("Claim of ", project.text(), " in ", published.repository, ", ",
                    claim.threshold.value(), " of ", claim.keys.size(), " keys:"));
  for (const PublicKey& key : claim.keys) {
    context.print(Cat("  ", key.material(), "  id ", evidence::StatementKeyId(key).substr(0, 8)));
  }
  context.print(Cat("You will vouch for these files, as they are published now (project.",
                    project.text(), " v", next.role.header.version.value(), ", until ",
                    FormatUtc(next.role.header.expires), "):"));
  PrintTargets(context, next.role, published.targets);
  if (!context.confirm("Have you compared them with your own, and do you sign for them?")) {
    return Cancelled("claim: not confirmed, nothing was signed or sent");
  }
  RIND_ASSIGN_OR_RETURN(const KeyRing keys, KeyRing::Unlock(context, workspace, claim.keys));
  RIND_ASSIGN_OR_RETURN(const auto proofs, keys.SignClaim(claim));
  RIND_ASSIGN_OR_RETURN(const SignedVersion first, Sign(keys, std::move(next)));
  RIND_ASSIGN_OR_RETURN(DeveloperClient * manager, context.manager());
  const std::string statement = evidence::Encode(claim);
  RIND_ASSIGN_OR_RETURN(const auto answer,
                        manager->RequestClaim(project.text(), statement, proofs, first));
  RIND_RETURN_IF_ERROR(workspace.SaveClaim(claim));
  context.print(Cat(project.text(), ": ", answer.first,
                    answer.second.empty() ? std::string() : Cat(" (", answer.second, ")")));
  context.print(Cat("The claims officer sees this digest; compare it over another way: ",
                    Sha256(statement).Hex()));
  return OkStatus();
}

Status Add(const Context& context, const pypi::ProjectName& project, const std::string& folder,
           const AddOptions& options) {
  RIND_RETURN_IF_ERROR(CheckRange("--expires", options.role_days, 1, kMaxRoleDays));
  Workspace workspace(context.files, folder);
  std::vector<NewFile> files;
  for (const std::string& path : options.paths) {
    if (path.ends_with(".metadata")) continue;  // goes with its distribution
    RIND_ASSIGN_OR_RETURN(NewFile file, ReadNewFile(context, project, path));
    files.push_back(std::move(file));
  }
  if (files.empty()) return InvalidArgument("add: no wheel or sdist among the files given");
  RIND_ASSIGN_OR_RETURN(const PublishedProject published, Fetch(context, project));
  if (!published.claimed()) {
    return FailedPrecondition(Cat(project.text(), ": is ", published.state,
                                  "; only a claimed project is its developers' to change"));
  }
  RIND_ASSIGN_OR_RETURN(NextVersion next, AddFiles(published, project, files,
                                                   context.clock.Now() + Days(options.role_days)));
  context.print(Cat("project.", project.text(), " v", next.role.header.version.value(), ", until ",
                    FormatUtc(next.role.header.expires), " (+ is new):"));
  PrintTargets(context, next.role, published.targets);
  if (!context.confirm("Sign this?")) return Cancelled("add: not confirmed, nothing was signed");
  RIND_ASSIGN_OR_RETURN(const auto registered, RegisteredKeys(context, workspace));
  RIND_ASSIGN_OR_RETURN(const KeyRing keys, KeyRing::Unlock(context, workspace, registered));
  RIND_ASSIGN_OR_RETURN(SignedVersion version, Sign(keys, std::move(next)));
  RIND_RETURN_IF_ERROR(
      workspace.Stage({.version = std::move(version), .uploads = UploadsOf(files)}));
  context.print(Cat("Signed with ", keys.size(), keys.size() == 1 ? " key" : " keys",
                    ". Next: rind-project push ", project.text()));
  return OkStatus();
}

Status Push(const Context& context, const pypi::ProjectName& project, const std::string& folder) {
  Workspace workspace(context.files, folder);
  RIND_ASSIGN_OR_RETURN(const StagedVersion staged, workspace.LoadStaged());
  RIND_ASSIGN_OR_RETURN(DeveloperClient * manager, context.manager());
  for (const Upload& upload : staged.uploads) {
    const std::string name = upload.path.substr(upload.path.rfind('/') + 1);
    RIND_ASSIGN_OR_RETURN(const Content now, HashFile(context.files, upload.path));
    if (now != upload.content) {
      return FailedPrecondition(Cat(upload.path, ": has changed since it was signed (sha256 ",
                                    now.sha256.Short(), ", signed ", upload.content.sha256.Short(),
                                    ")"));
    }
    const StatusOr<bool> there = manager->UploadBlob(project.text(), upload);
    if (!there.ok()) return Annotate(there.status(), name);
    context.print(Cat(*there ? "there already  " : "uploaded  ", name));
  }
  RIND_ASSIGN_OR_RETURN(const std::int64_t snapshot,
                        manager->PushProject(project.text(), staged.version));
  RIND_RETURN_IF_ERROR(workspace.DropStaged());
  context.print(Cat(project.text(), ": published in snapshot v", snapshot));
  return OkStatus();
}

Status ShowStatus(const Context& context, const pypi::ProjectName& project,
                  const std::string& folder) {
  const Workspace workspace(context.files, folder);
  RIND_ASSIGN_OR_RETURN(const PublishedProject published, Fetch(context, project));
  context.print(Cat(project.text(), ": ", published.state, " in ", published.repository));
  if (!published.role_file.empty()) {
    RIND_ASSIGN_OR_RETURN(const auto role, tuf::DecodeTargets(published.role_file));
    const absl::Duration left = role.document.header.expires - context.clock.Now();
    context.print(
        Cat("project.", project.text(), " v", role.document.header.version.value(), ", signed by ",
            role.signatures.size(), role.signatures.size() == 1 ? " key" : " keys",
            left > absl::ZeroDuration() ? ", expires in " : ", EXPIRED ", FormatSpan(left)));
  }
  std::size_t files = 0;
  for (const auto& [path, content] : published.targets) {
    if (path.starts_with("files/") && !path.ends_with(".metadata")) ++files;
  }
  context.print(Cat(files, files == 1 ? " file" : " files"));
  RIND_ASSIGN_OR_RETURN(const auto here, KeysOf(context, workspace));
  if (!here.empty()) context.print("Keys on this machine:");
  for (const auto& [name, key] : here) PrintKey(context, name, key);
  const auto staged = workspace.LoadStaged();
  if (staged.ok()) {
    context.print(Cat("Signed and not pushed: ", staged->uploads.size(), " files to upload"));
  } else if (!absl::IsNotFound(staged.status())) {
    return staged.status();
  }
  return OkStatus();
}

}  // namespace rind::project_signer
