#include "services/mirror_syncer/project_sync.h"

#include <algorithm>
#include <utility>

#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/evidence/statements.h"
#include "common/pypi/core_metadata.h"
#include "common/tuf/model/target_path.h"

namespace rind::mirror_syncer {
namespace {

// Where a page gives no size. The largest file of the public index has some 5 GB.
constexpr std::uint64_t kMaxFile = std::uint64_t{16} << 30;
constexpr std::uint64_t kMaxMetadata = std::uint64_t{8} << 20;

// "<address>.metadata" (PEP 658), before a query.
http::Url MetadataAddress(http::Url address) {
  address.path.insert(std::min(address.path.find('?'), address.path.size()), ".metadata");
  return address;
}

}  // namespace

// A file that is in the blob store, and what the page will say of it.
struct ProjectSync::Fetched {
  std::optional<pypi::PublishedFile> file;
  std::optional<std::uint64_t> metadata_size;
  std::set<pypi::ProjectName> requires_projects;
  std::string note;  // why something of it was not taken over; "" usually
  std::uint64_t new_files = 0;
  std::uint64_t new_bytes = 0;
};

StatusOr<bool> ProjectSync::IsComplete(const KnownFiles& files) const {
  for (const auto& [name, known] : files) {
    RIND_ASSIGN_OR_RETURN(const auto size, parts_.blobs.SizeOf(known.sha256));
    if (size != known.size) return false;
    if (!known.metadata) continue;
    RIND_ASSIGN_OR_RETURN(const auto metadata, parts_.blobs.MetadataOf(known.sha256));
    if (metadata != known.metadata) return false;
  }
  return true;
}

StatusOr<blob::Stored> ProjectSync::Fetch(const http::Url& address, const blob::Wanted& wanted,
                                          std::uint64_t max_bytes) const {
  if (wanted.sha256) {
    RIND_ASSIGN_OR_RETURN(const auto size, parts_.blobs.SizeOf(*wanted.sha256));
    if (size && (!wanted.size || *wanted.size == *size)) {
      return blob::Stored{.sha256 = *wanted.sha256, .size = *size, .is_new = false};
    }
  }
  std::optional<blob::BlobStore::Writer> writer;
  std::optional<blob::Stored> stored;
  const Upstream::Receiver receiver{
      .start =
          [&] {
            writer.reset();  // of an attempt before
            RIND_ASSIGN_OR_RETURN(auto fresh, parts_.blobs.NewBlob());
            writer.emplace(std::move(fresh));
            Failpoint("sync.download_begun");
            return OkStatus();
          },
      .sink = [&](std::string_view piece) { return writer->Append(piece); },
      .finish =
          [&] {
            Failpoint("sync.downloaded");
            RIND_ASSIGN_OR_RETURN(stored, writer->Finish(wanted));
            Failpoint("sync.stored");
            return OkStatus();
          }};
  RIND_RETURN_IF_ERROR(parts_.upstream.Download(address, max_bytes, receiver));
  return *stored;
}

Status ProjectSync::FetchMetadata(const pypi::ListedFile& listed, const http::Url& address,
                                  Fetched& out) const {
  const blob::Wanted wanted{.sha256 = listed.core_metadata_sha256, .size = {}};
  const auto stored = Fetch(MetadataAddress(address), wanted, kMaxMetadata);
  if (absl::IsNotFound(stored.status())) {
    // The page promises what is not there. An installer can do without; a wrong one is an error.
    out.note = "upstream lists core metadata for it and has none: published without";
    return OkStatus();
  }
  RIND_RETURN_IF_ERROR(stored.status());
  RIND_ASSIGN_OR_RETURN(const std::string text, parts_.blobs.Read(stored->sha256, kMaxMetadata));
  const auto required = pypi::RequiredProjects(text);
  if (!required.ok()) {
    out.note =
        Cat("its core metadata is unreadable, published without: ", MessageOf(required.status()));
    return OkStatus();
  }
  Failpoint("sync.metadata_stored");
  RIND_RETURN_IF_ERROR(parts_.blobs.LinkMetadata(out.file->sha256, stored->sha256));
  out.requires_projects = *required;
  out.metadata_size = stored->size;
  out.file->core_metadata_sha256 = stored->sha256;
  return OkStatus();
}

Status ProjectSync::FetchFile(const pypi::ListedFile& listed, const http::Url& base,
                              const KnownFiles& known, Fetched& out) const {
  const std::string& name = listed.distribution.filename();
  auto address = http::ResolveUrl(base, listed.url);
  RIND_RETURN_IF_ERROR(Annotate(address.status(), name));
  blob::Wanted wanted{.sha256 = listed.sha256, .size = listed.size};
  if (const auto at = known.find(name); !wanted.sha256 && at != known.end()) {
    // An index without hashes: a file that is here already is taken to be the same.
    wanted.sha256 = at->second.sha256;
  }
  const auto stored = Fetch(*address, wanted, listed.size.value_or(kMaxFile));
  RIND_RETURN_IF_ERROR(Annotate(stored.status(), name));
  if (stored->is_new) {
    out.new_files = 1;
    out.new_bytes = stored->size;
  }
  out.file = pypi::PublishedFile{.distribution = listed.distribution,
                                 .sha256 = stored->sha256,
                                 .size = stored->size,
                                 .core_metadata_sha256 = {},
                                 .facts = listed.facts};
  if (!listed.has_core_metadata) return OkStatus();
  return Annotate(FetchMetadata(listed, *address, out), Cat(name, ".metadata"));
}

StatusOr<std::vector<ProjectSync::Fetched>> ProjectSync::FetchAll(
    const std::vector<pypi::ListedFile>& files, const http::Url& base,
    const KnownFiles& known) const {
  std::vector<Fetched> fetched(files.size());
  std::vector<std::function<Status()>> tasks;
  for (std::size_t i = 0; i < files.size(); ++i) {
    tasks.emplace_back([&, i] { return FetchFile(files[i], base, known, fetched[i]); });
  }
  RIND_RETURN_IF_ERROR(parts_.downloads.RunAll(std::move(tasks)));
  return fetched;
}

Status ProjectSync::Send(const pypi::ProjectName& project, const FetchedPage& fetched,
                         const std::vector<Fetched>& files,
                         const std::optional<ProjectRecord>& at_manager,
                         const std::optional<ProjectState>& before, ProjectOutcome& outcome) const {
  ProjectState state{.etag = fetched.etag,
                     .serial = fetched.serial,
                     .newest_releases = parts_.newest_releases,
                     .targets_root = {},
                     .files = {},
                     .requires_projects = {}};
  if (!state.serial && before) state.serial = before->serial;
  std::vector<pypi::PublishedFile> published;
  for (const Fetched& each : files) {
    published.push_back(*each.file);
    state.files[each.file->distribution.filename()] = {each.file->sha256, each.file->size,
                                                       each.file->core_metadata_sha256};
    state.requires_projects.insert(each.requires_projects.begin(), each.requires_projects.end());
  }

  ProjectIngest ingest;
  ingest.project = project.text();
  ingest.index_html = pypi::RenderIndexHtml(project, published);
  ingest.index_json = pypi::RenderIndexJson(project, published);
  const auto add = [&](const std::string& path, std::uint64_t length,
                       const Sha256Digest& sha256) -> Status {
    RIND_ASSIGN_OR_RETURN(tuf::TargetPath target, tuf::TargetPath::Parse(path));
    ingest.targets.push_back({std::move(target), length, sha256});
    return OkStatus();
  };
  const std::string page = Cat("simple/", project.text(), "/index.");
  RIND_RETURN_IF_ERROR(add(page + "html", ingest.index_html.size(), Sha256(ingest.index_html)));
  RIND_RETURN_IF_ERROR(add(page + "json", ingest.index_json.size(), Sha256(ingest.index_json)));
  for (const Fetched& each : files) {
    const std::string path = Cat("files/", project.text(), "/", each.file->distribution.filename());
    RIND_RETURN_IF_ERROR(add(path, each.file->size, each.file->sha256));
    if (each.file->core_metadata_sha256) {
      RIND_RETURN_IF_ERROR(
          add(path + ".metadata", *each.metadata_size, *each.file->core_metadata_sha256));
    }
  }
  std::sort(ingest.targets.begin(), ingest.targets.end());

  state.targets_root = evidence::MerkleRoot(ingest.targets);
  const std::int64_t sent =
      std::max(before ? before->sent_serial : 0, at_manager ? at_manager->serial : 0);
  if (at_manager && at_manager->targets_root == state.targets_root) {
    state.sent_serial = sent;
    outcome.serial = fetched.serial.value_or(0);
    return parts_.state.Save(project, state);
  }

  // Where upstream has no serials, the time stands in: it never goes back, whatever the clock does.
  const absl::Time now = parts_.clock.Now();
  ingest.serial = fetched.serial ? *fetched.serial : std::max(absl::ToUnixSeconds(now), sent + 1);
  state.sent_serial = ingest.serial;
  ingest.statement = evidence::Encode(
      evidence::EvidenceStatement{.repository = parts_.repository,
                                  .project = project.text(),
                                  .serial = ingest.serial,
                                  .time = absl::FromUnixSeconds(absl::ToUnixSeconds(now)),
                                  .count = ingest.targets.size(),
                                  .targets_root = state.targets_root});
  ingest.key_id = parts_.key.key_id();
  ingest.signature = parts_.key.Sign(ingest.statement);
  Failpoint("sync.vouched");
  RIND_ASSIGN_OR_RETURN(const bool changed, parts_.manager.Ingest(ingest));
  Failpoint("sync.sent");
  outcome.result = changed ? ProjectResult::kChanged : ProjectResult::kUnchanged;
  outcome.serial = ingest.serial;
  RIND_RETURN_IF_ERROR(parts_.state.Save(project, state));
  Failpoint("sync.recorded");
  return OkStatus();
}

StatusOr<ProjectOutcome> ProjectSync::Run(const pypi::ProjectName& project,
                                          const std::optional<ProjectRecord>& at_manager) const {
  ProjectOutcome outcome;
  const auto hold = [&](std::string_view reason) {
    outcome.result = ProjectResult::kHeld;
    outcome.held_back.push_back({project.text(), "", std::string(reason)});
    return outcome;
  };
  if (at_manager && at_manager->claimed) {
    return hold("claimed: only its developers' keys may change it");
  }
  RIND_ASSIGN_OR_RETURN(const auto before, parts_.state.Load(project));
  const KnownFiles known = before ? before->files : KnownFiles();
  bool is_same = before && at_manager && at_manager->targets_root == before->targets_root &&
                 before->newest_releases == parts_.newest_releases;
  if (is_same) {
    RIND_ASSIGN_OR_RETURN(is_same, IsComplete(known));
  }

  auto fetched = parts_.upstream.Page(project, is_same ? before->etag : "");
  if (absl::IsNotFound(fetched.status()) && !known.empty()) {
    return hold(Cat("upstream no longer has it, and ", known.size(), " files are mirrored"));
  }
  RIND_RETURN_IF_ERROR(fetched.status());
  if (fetched->not_modified) {
    outcome.serial = fetched->serial.value_or(before->sent_serial);
    return outcome;
  }
  for (const pypi::HeldBackFile& file : fetched->page.held_back) {
    outcome.held_back.push_back({project.text(), file.filename, file.reason});
  }
  const auto known_serial = before ? before->serial : std::optional<std::int64_t>();
  const Status checked = CheckPage(fetched->page, fetched->serial, known_serial, known);
  if (absl::IsFailedPrecondition(checked)) return hold(MessageOf(checked));
  RIND_RETURN_IF_ERROR(checked);
  const std::vector<pypi::ListedFile> selected =
      SelectReleases(std::move(fetched->page.files), parts_.newest_releases);
  if (selected.empty()) return hold("upstream lists no file that can be mirrored");

  RIND_ASSIGN_OR_RETURN(const std::vector<Fetched> files, FetchAll(selected, fetched->base, known));
  for (const Fetched& each : files) {
    outcome.new_files += each.new_files;
    outcome.new_bytes += each.new_bytes;
    if (!each.note.empty()) {
      outcome.held_back.push_back({project.text(), each.file->distribution.filename(), each.note});
    }
  }
  const Status sent = Send(project, *fetched, files, at_manager, before, outcome);
  if (absl::IsFailedPrecondition(sent))
    return hold(Cat("the manager refused it: ", MessageOf(sent)));
  RIND_RETURN_IF_ERROR(sent);
  return outcome;
}

}  // namespace rind::mirror_syncer
