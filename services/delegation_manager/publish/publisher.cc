#include "services/delegation_manager/publish/publisher.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/tuf/json/encode.h"
#include "services/delegation_manager/publish/bin_document.h"
#include "services/delegation_manager/publish/read_back.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/publish/release_planner.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kJournalKind = "release";
constexpr std::uint32_t kFileMode = 0644;
constexpr std::uint32_t kFolderMode = 0755;

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

const SignedRole* FindSigned(const Release& release, tuf::TopLevelRole role) {
  for (const SignedRole& file : release.files) {
    if (file.role == tuf::RoleName(role)) return &file;
  }
  return nullptr;
}

std::string Describe(const AskedDocument& asked, const Refused& refused) {
  return Cat(refused.rule, ": ", asked.document.role.text(), " v", asked.version.value(), ": ",
             refused.message);
}

class JournalledPublisher final : public Publisher {
 public:
  JournalledPublisher(PublisherOptions options, StateStore& state, FileSystem& files,
                      DocumentSigner& content_signer, DocumentSigner& release_signer,
                      const Clock& clock)
      : options_(std::move(options)),
        state_(state),
        files_(files),
        content_signer_(content_signer),
        release_signer_(release_signer),
        clock_(clock),
        planner_(options_.public_folder, state, files) {}

  StatusOr<ReleaseResult> Release(bool force) override {
    const absl::MutexLock hold(&mu_);
    const absl::Time begin = clock_.Now();
    RIND_ASSIGN_OR_RETURN(ReleaseResult result, FinishJournal());
    RIND_ASSIGN_OR_RETURN(auto planned,
                          planner_.Plan(force && !result.published, WholeSeconds(begin)));
    if (planned) {
      RIND_ASSIGN_OR_RETURN(result, Run(*std::move(planned)));
    } else if (!result.published) {
      RIND_ASSIGN_OR_RETURN(result, Current());
    }
    result.took = clock_.Now() - begin;
    return result;
  }

  StatusOr<ReleaseResult> RefreshTimestamp() override {
    const absl::MutexLock hold(&mu_);
    const absl::Time begin = clock_.Now();
    RIND_ASSIGN_OR_RETURN(ReleaseResult result, FinishJournal());
    if (!result.published) {
      delegation_manager::Release release;
      release.step = ReleaseStep::kTimestamp;
      release.timestamp_only = true;
      RIND_ASSIGN_OR_RETURN(result, Run(std::move(release)));
    }
    result.took = clock_.Now() - begin;
    return result;
  }

  Status Recover() override {
    {
      const absl::MutexLock hold(&mu_);
      RIND_RETURN_IF_ERROR(FinishJournal().status());
      RIND_ASSIGN_OR_RETURN(const ReleaseResult now, Current());
      if (now.snapshot_version == 0) return OkStatus();
    }
    RIND_ASSIGN_OR_RETURN(const ReleaseResult released, Release(false));
    if (released.published) return OkStatus();
    RIND_ASSIGN_OR_RETURN(const bool due, TimestampIsDue());
    return due ? RefreshTimestamp().status() : OkStatus();
  }

  Status Between(const std::function<Status()>& body) override {
    const absl::MutexLock hold(&mu_);
    return body();
  }

 private:
  using Draft = delegation_manager::Release;

  // The newest that is published, as a result that published nothing.
  StatusOr<ReleaseResult> Current() {
    ReleaseResult result;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto snapshot, tables.roles.Find(tuf::TopLevelRole::kSnapshot));
      RIND_ASSIGN_OR_RETURN(const auto timestamp, tables.roles.Find(tuf::TopLevelRole::kTimestamp));
      if (snapshot) result.snapshot_version = snapshot->version.value();
      if (timestamp) result.timestamp_version = timestamp->version.value();
      return OkStatus();
    }));
    return result;
  }

  StatusOr<bool> TimestampIsDue() {
    bool due = false;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      const tuf::RoleName role = tuf::TopLevelRole::kTimestamp;
      RIND_ASSIGN_OR_RETURN(const auto name, tables.settings.Find(kSettingProfile));
      RIND_ASSIGN_OR_RETURN(const Profile profile, ParseProfile(name.value_or("default")));
      RIND_ASSIGN_OR_RETURN(const auto timestamp, tables.roles.Find(role));
      due = timestamp && timestamp->expires - clock_.Now() < RenewWhenLeft(role, profile);
      return OkStatus();
    }));
    return due;
  }

  // What the journal holds goes out first, always with the bytes that stand there.
  StatusOr<ReleaseResult> FinishJournal() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::optional<JournalEntry> entry;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(entry, tables.journal.Read());
      return OkStatus();
    }));
    if (!entry || entry->kind != kJournalKind) return ReleaseResult{};
    RIND_ASSIGN_OR_RETURN(Draft release, DecodeRelease(entry->payload));
    LogInfo("going on with the release that the journal holds", {{"step", entry->step}});
    return Resume(std::move(release));
  }

  Status WriteJournal(const Draft& release) {
    return state_.Transact([&](Tables& tables) {
      return tables.journal.Write(
          {std::string(kJournalKind), std::string(NameOf(release.step)), Encode(release)});
    });
  }

  Status ClearJournal() {
    return state_.Transact([](Tables& tables) { return tables.journal.Clear(); });
  }

  StatusOr<ReleaseResult> Run(Draft release) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (release.step == ReleaseStep::kContent) {
      RIND_RETURN_IF_ERROR(WriteJournal(release));
      Failpoint("publish.planned");
    }
    return Resume(std::move(release));
  }

  StatusOr<ReleaseResult> Resume(Draft release) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (release.step == ReleaseStep::kContent) {
      RIND_RETURN_IF_ERROR(SignContent(release));
      Failpoint("publish.content_signed");
      if (!release.must_publish && release.files.empty() && release.pages.empty()) {
        RIND_RETURN_IF_ERROR(ClearJournal());
        return FailedPrecondition(Cat("nothing is published: ", release.refused));
      }
      Advance(release, ReleaseStep::kSnapshot);
    }
    if (release.step == ReleaseStep::kSnapshot) {
      RIND_RETURN_IF_ERROR(SignOne(release, "publish.snapshot_journalled"));
      Failpoint("publish.snapshot_signed");
      Advance(release, ReleaseStep::kTimestamp);
    }
    RIND_RETURN_IF_ERROR(SignOne(release, "publish.timestamp_journalled"));
    Failpoint("publish.timestamp_signed");
    RIND_RETURN_IF_ERROR(Publish(release));
    return Commit(release);
  }

  static void Advance(Draft& release, ReleaseStep step) {
    release.step = step;
    release.asked.clear();
  }

  // Takes a signature into the release. The signer's hash of the file must be ours.
  static Status Take(Draft& release, const AskedDocument& asked, const SignedByKey& answer) {
    std::string file =
        tuf::EncodeEnvelope(asked.document.canonical, {{answer.key_id, answer.signature}});
    if (Sha256(file) != answer.sha256) {
      return DataLoss(Cat(asked.document.role.text(), " v", asked.version.value(),
                          ": the signer made the file ", answer.sha256.Short(), ", here it is ",
                          Sha256(file).Short()));
    }
    release.files.push_back({asked.document.role, asked.version, asked.expires, std::move(file)});
    if (answer.receipt) release.receipts.push_back(*answer.receipt);
    return OkStatus();
  }

  // A refused document keeps its last version, its bin stays dirty; the others go on.
  Status SignContent(Draft& release) {
    if (release.asked.empty()) return OkStatus();
    std::vector<DocumentToSign> documents;
    documents.reserve(release.asked.size());
    for (const AskedDocument& asked : release.asked) documents.push_back(asked.document);
    RIND_ASSIGN_OR_RETURN(const auto outcomes, content_signer_.Sign(documents));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const AskedDocument& asked = release.asked[i];
      if (const auto* answer = std::get_if<SignedByKey>(&outcomes[i])) {
        RIND_RETURN_IF_ERROR(Take(release, asked, *answer));
        continue;
      }
      NoteRefusal(release, asked, std::get<Refused>(outcomes[i]));
    }
    return OkStatus();
  }

  static void NoteRefusal(Draft& release, const AskedDocument& asked, const Refused& refused) {
    const std::string text = Describe(asked, refused);
    LogWarning("the content-signer refused", {{"refusal", text}});
    if (!release.refused.empty()) release.refused.append("; ");
    release.refused.append(text);
    if (asked.document.role == tuf::RecentlyClaimedRole()) release.recently_claimed_dirty.clear();
    if (const auto bin = BinOfRole(asked.document.role)) {
      std::erase_if(release.bins, [&](const DirtyBin& dirty) { return dirty.bin == *bin; });
    }
  }

  // Snapshot or timestamp: journalled before the release-signer is asked. A refusal says that
  // nothing was signed, so the next attempt builds the document anew.
  Status SignOne(Draft& release, std::string_view failpoint) {
    const absl::Time now = WholeSeconds(clock_.Now());
    if (release.asked.empty()) {
      const bool snapshot = release.step == ReleaseStep::kSnapshot;
      auto built =
          snapshot ? planner_.BuildSnapshot(release, now) : planner_.BuildTimestamp(release, now);
      RIND_RETURN_IF_ERROR(built.status());
      release.asked.push_back(*std::move(built));
      RIND_RETURN_IF_ERROR(WriteJournal(release));
      Failpoint(failpoint);
    }
    const AskedDocument asked = release.asked.front();
    RIND_ASSIGN_OR_RETURN(const auto outcomes, release_signer_.Sign({&asked.document, 1}));
    if (const auto* answer = std::get_if<SignedByKey>(&outcomes.front())) {
      return Take(release, asked, *answer);
    }
    release.asked.clear();
    RIND_RETURN_IF_ERROR(release.timestamp_only ? ClearJournal() : WriteJournal(release));
    return FailedPrecondition(
        Cat("the release-signer refused: ", Describe(asked, std::get<Refused>(outcomes.front()))));
  }

  // Everything under its final, immutable name; then the check; then the one file that moves.
  Status Publish(const Draft& release) {
    const std::string metadata = JoinPath(options_.public_folder, "metadata");
    std::vector<NewFile> batch;
    const SignedRole* timestamp = FindSigned(release, tuf::TopLevelRole::kTimestamp);
    for (const SignedRole& file : release.files) {
      if (&file == timestamp) continue;
      batch.push_back({JoinPath(metadata, MetadataName(file.role, file.version)), file.file});
    }
    for (const StagedPage& page : release.pages) batch.push_back({PagePath(page), page.content});
    RIND_RETURN_IF_ERROR(files_.CreateMany(batch, kFileMode, kFolderMode));
    Failpoint("publish.files_written");
    RIND_ASSIGN_OR_RETURN(const PublishedBefore before, Before(release));
    RIND_RETURN_IF_ERROR(
        ReadBack(files_, options_.public_folder, release, before, WholeSeconds(clock_.Now())));
    Failpoint("publish.verified");
    RIND_RETURN_IF_ERROR(
        files_.Replace(JoinPath(metadata, "timestamp.json"), timestamp->file, kFileMode));
    Failpoint("publish.timestamp_moved");
    return LinkPlainPages(release);
  }

  std::string PagePath(const StagedPage& page) const {
    return JoinPath(options_.public_folder, Cat("targets/", page.path.WithHash(page.sha256)));
  }

  StatusOr<PublishedBefore> Before(const Draft& release) {
    PublishedBefore before;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto snapshot, tables.roles.Find(tuf::TopLevelRole::kSnapshot));
      if (snapshot) before.snapshot = snapshot->version;
      RIND_ASSIGN_OR_RETURN(const auto root, tables.roles.Find(tuf::TopLevelRole::kRoot));
      if (root) before.root = root->version;
      for (const tuf::RoleName& role :
           {tuf::RoleName(tuf::TopLevelRole::kRoot), tuf::RoleName(tuf::TopLevelRole::kTargets),
            tuf::ClaimedRole(), tuf::RecentlyClaimedRole(), tuf::UnclaimedRole()}) {
        RIND_ASSIGN_OR_RETURN(const auto record, tables.roles.Find(role));
        if (record) before.first_expiry = std::min(before.first_expiry, record->expires);
      }
      return OkStatus();
    }));
    if (const SignedRole* root = FindSigned(release, tuf::TopLevelRole::kRoot)) {
      before.root = root->version;
    }
    return before;
  }

  // For installers without TUF, when the operator wants it: after the timestamp, so never ahead.
  Status LinkPlainPages(const Draft& release) {
    if (!options_.plain_mirror) return OkStatus();
    for (const StagedPage& page : release.pages) {
      const std::string to = JoinPath(options_.public_folder, page.path.text());
      RIND_RETURN_IF_ERROR(files_.MakeDirectories(ParentPath(to), kFolderMode));
      RIND_RETURN_IF_ERROR(files_.Link(PagePath(page), to));
    }
    return OkStatus();
  }

  // What the release published is the state from now on; the journal is done.
  StatusOr<ReleaseResult> Commit(const Draft& release) {
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      for (const SignedRole& file : release.files) {
        RIND_RETURN_IF_ERROR(RecordRole(tables, file));
      }
      RIND_RETURN_IF_ERROR(tables.bins.MarkClean(release.bins));
      RIND_RETURN_IF_ERROR(tables.staging.Drop(release.change));
      if (release.refused.empty()) {
        RIND_RETURN_IF_ERROR(tables.projects.Published(release.change));
      }
      RIND_RETURN_IF_ERROR(ClearRecentlyClaimedDirty(tables, release));
      return tables.journal.Clear();
    }));
    Failpoint("publish.committed");
    RIND_ASSIGN_OR_RETURN(ReleaseResult result, Current());
    result.published = true;
    result.changed_roles = static_cast<std::uint32_t>(release.files.size());
    result.refused = release.refused;
    LogInfo("published", {{"snapshot", Cat(result.snapshot_version)},
                          {"timestamp", Cat(result.timestamp_version)},
                          {"roles", Cat(release.files.size())}});
    return result;
  }

  // Bins and snapshots are read from where they are published; the rest is kept whole here too.
  static Status RecordRole(Tables& tables, const SignedRole& file) {
    const bool keep =
        !BinOfRole(file.role) && file.role != tuf::RoleName(tuf::TopLevelRole::kSnapshot);
    return tables.roles.Put(
        {file.role, file.version, file.expires, Sha256(file.file), file.file.size()},
        keep ? std::string_view(file.file) : std::string_view());
  }

  static Status ClearRecentlyClaimedDirty(Tables& tables, const Draft& release) {
    if (release.recently_claimed_dirty.empty()) return OkStatus();
    RIND_ASSIGN_OR_RETURN(const auto now, tables.settings.Find(kSettingRecentlyClaimedDirty));
    if (now != release.recently_claimed_dirty) return OkStatus();  // it changed again meanwhile
    return tables.settings.Put(kSettingRecentlyClaimedDirty, "0");
  }

  const PublisherOptions options_;
  StateStore& state_;
  FileSystem& files_;
  DocumentSigner& content_signer_;
  DocumentSigner& release_signer_;
  const Clock& clock_;
  const ReleasePlanner planner_;
  absl::Mutex mu_;  // one release at a time
};

}  // namespace

std::unique_ptr<Publisher> MakePublisher(PublisherOptions options, StateStore& state,
                                         FileSystem& files, DocumentSigner& content_signer,
                                         DocumentSigner& release_signer, const Clock& clock) {
  return std::make_unique<JournalledPublisher>(std::move(options), state, files, content_signer,
                                               release_signer, clock);
}

}  // namespace rind::delegation_manager
