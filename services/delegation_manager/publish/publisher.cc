#include "services/delegation_manager/publish/publisher.h"

#include <algorithm>
#include <span>
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
#include "services/delegation_manager/publish/withheld.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kJournalKind = "release";
constexpr std::size_t kAtOnce = 512;  // documents on their way to a signer
constexpr std::uint32_t kFileMode = 0644;
constexpr std::uint32_t kFolderMode = 0755;

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

RefusedRole RefusalOf(const AskedDocument& asked, const Refused& refused) {
  return {asked.document.role, asked.version, refused.rule, refused.message};
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
    StatusOr<ReleaseResult> result = ReleaseNow(force);
    if (result.ok()) result->took = clock_.Now() - begin;
    return result;
  }

  StatusOr<ReleaseResult> RefreshTimestamp() override {
    const absl::MutexLock hold(&mu_);
    const absl::Time begin = clock_.Now();
    StatusOr<ReleaseResult> result = RefreshNow();
    if (result.ok()) result->took = clock_.Now() - begin;
    return result;
  }

  Status Recover() override {
    const absl::MutexLock hold(&mu_);
    RIND_ASSIGN_OR_RETURN(const ReleaseResult now, Current());
    if (now.snapshot_version == 0) return NoteRelease(FinishJournal()).status();
    const auto released = ReleaseNow(false);
    if (released.ok() && released->published) return OkStatus();
    RIND_ASSIGN_OR_RETURN(const bool due, TimestampIsDue());
    if (due) RIND_RETURN_IF_ERROR(RefreshNow().status());
    // A refusal stays what it is until somebody changes what is refused: the others go on.
    return absl::IsFailedPrecondition(released.status()) ? OkStatus() : released.status();
  }

  std::string LastError() const override {
    const absl::MutexLock hold(&note_mu_);
    return release_error_.empty() ? timestamp_error_ : release_error_;
  }

  Status Between(const std::function<Status()>& body) override {
    const absl::MutexLock hold(&mu_);
    return body();
  }

 private:
  using Draft = delegation_manager::Release;

  StatusOr<ReleaseResult> ReleaseNow(bool force) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return NoteRelease(ReleaseAll(force));
  }

  StatusOr<ReleaseResult> ReleaseAll(bool force) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    RIND_ASSIGN_OR_RETURN(ReleaseResult finished, FinishJournal());
    RIND_ASSIGN_OR_RETURN(auto planned,
                          planner_.Plan(force && !finished.published, WholeSeconds(clock_.Now())));
    if (!planned) return finished.published ? finished : Current();
    RIND_ASSIGN_OR_RETURN(ReleaseResult result, Run(*std::move(planned)));
    if (result.published || !finished.published) return result;
    finished.refused = std::move(result.refused);
    return finished;
  }

  StatusOr<ReleaseResult> RefreshNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    auto result = RefreshOnly();
    const absl::MutexLock hold(&note_mu_);
    timestamp_error_ = std::string(MessageOf(result.status()));
    return result;
  }

  StatusOr<ReleaseResult> RefreshOnly() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    auto finished = FinishJournal();
    // An empty journal says nothing of the last release: what was refused of it is refused still.
    const bool nothing = finished.ok() && !finished->published && finished->refused.empty();
    if (!nothing) (void)NoteRelease(finished);
    if (finished.ok() && finished->published) return finished;
    Draft release;
    release.step = ReleaseStep::kTimestamp;
    release.timestamp_only = true;
    if (!finished.ok()) {
      RIND_ASSIGN_OR_RETURN(release.parked, Park(finished.status()));
    }
    return Run(std::move(release));
  }

  // What the journal holds, when it can wait: its signers did not sign, and no snapshot is signed
  // yet, so a timestamp of the published snapshot may go ahead.
  StatusOr<std::string> Park(const Status& why) {
    if (!absl::IsFailedPrecondition(why) && !absl::IsUnavailable(why) &&
        !absl::IsDeadlineExceeded(why)) {
      return why;
    }
    RIND_ASSIGN_OR_RETURN(const JournalEntry entry, ReadJournal());
    if (entry.step == NameOf(ReleaseStep::kTimestamp)) return why;
    return entry.payload;
  }

  StatusOr<ReleaseResult> NoteRelease(StatusOr<ReleaseResult> result) {
    const absl::MutexLock hold(&note_mu_);
    release_error_ =
        result.ok() ? Describe(result->refused) : std::string(MessageOf(result.status()));
    if (result.ok() && result->published) timestamp_error_.clear();
    return result;
  }

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
    // A timestamp that went ahead leaves the release behind it in the journal: at most two.
    constexpr int kMostInJournal = 2;
    ReleaseResult last;
    for (int i = 0; i < kMostInJournal; ++i) {
      RIND_ASSIGN_OR_RETURN(const JournalEntry entry, ReadJournal());
      if (entry.payload.empty()) break;
      RIND_ASSIGN_OR_RETURN(Draft release, DecodeRelease(entry.payload));
      LogInfo("going on with the release that the journal holds", {{"step", entry.step}});
      RIND_ASSIGN_OR_RETURN(last, Resume(std::move(release)));
    }
    return last;
  }

  // Of a release; an empty payload when there is none.
  StatusOr<JournalEntry> ReadJournal() {
    JournalEntry release;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(auto entry, tables.journal.Read());
      if (entry && entry->kind == kJournalKind) release = *std::move(entry);
      return OkStatus();
    }));
    return release;
  }

  Status WriteJournal(const Draft& release) {
    return state_.Transact([&](Tables& tables) {
      return tables.journal.Write(
          {std::string(kJournalKind), std::string(NameOf(release.step)), Encode(release)});
    });
  }

  // The journal is done with `release`: what it let pass is next.
  static Status EndJournal(Tables& tables, const Draft& release) {
    if (release.parked.empty()) return tables.journal.Clear();
    RIND_ASSIGN_OR_RETURN(const Draft parked, DecodeRelease(release.parked));
    return tables.journal.Write(
        {std::string(kJournalKind), std::string(NameOf(parked.step)), release.parked});
  }
  Status EndJournal(const Draft& release) {
    return state_.Transact([&](Tables& tables) { return EndJournal(tables, release); });
  }

  // Nothing was signed: the next release begins anew. A result that published nothing.
  StatusOr<ReleaseResult> DropRelease(const Draft& release) {
    RIND_RETURN_IF_ERROR(EndJournal(release));
    LogWarning("a release is dropped before its first signature",
               {{"refusal", Describe(release.refused)}});
    RIND_ASSIGN_OR_RETURN(ReleaseResult result, Current());
    result.refused = release.refused;
    return result;
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
        return DropRelease(release);
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

  // A refused document keeps its last version, its bin stays dirty; the others go on. First
  // recently-claimed, alone: when it is refused, no bin may let go of what it would have taken.
  Status SignContent(Draft& release) {
    const auto others = std::stable_partition(
        release.asked.begin(), release.asked.end(),
        [](const auto& asked) { return asked.document.role == tuf::RecentlyClaimedRole(); });
    const auto claims = static_cast<std::size_t>(others - release.asked.begin());
    if (claims > 0) {
      const std::size_t before = release.refused.size();
      RIND_RETURN_IF_ERROR(SignDocuments(release, 0, claims));
      if (release.refused.size() != before) {
        RIND_RETURN_IF_ERROR(
            state_.Transact([&](Tables& tables) { return WithholdMoves(tables, release); }));
      }
    }
    return SignDocuments(release, claims, release.asked.size() - claims);
  }

  Status SignDocuments(Draft& release, std::size_t first, std::size_t count) {
    const std::span<AskedDocument> all = std::span(release.asked).subspan(first, count);
    for (std::size_t at = 0; at < count; at += kAtOnce) {
      RIND_RETURN_IF_ERROR(SignSome(release, all.subspan(at, std::min(kAtOnce, count - at))));
    }
    return OkStatus();
  }

  // Takes the documents out of `asked`: the journal has them, and those of many bins are not to
  // lie in memory next to the files that they have become.
  Status SignSome(Draft& release, std::span<AskedDocument> asked) {
    std::vector<DocumentToSign> documents;
    for (AskedDocument& one : asked) documents.push_back(std::move(one.document));
    RIND_ASSIGN_OR_RETURN(const auto outcomes, content_signer_.Sign(documents));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const AskedDocument one{std::move(documents[i]), asked[i].version, asked[i].expires};
      if (const auto* answer = std::get_if<SignedByKey>(&outcomes[i])) {
        RIND_RETURN_IF_ERROR(Take(release, one, *answer));
        continue;
      }
      NoteRefusal(release, one, std::get<Refused>(outcomes[i]));
    }
    return OkStatus();
  }

  static void NoteRefusal(Draft& release, const AskedDocument& asked, const Refused& refused) {
    release.refused.push_back(RefusalOf(asked, refused));
    LogWarning("the content-signer refused", {{"refusal", Describe(release.refused.back())}});
    if (asked.document.role == tuf::RecentlyClaimedRole()) release.recently_claimed_dirty.clear();
    if (const auto bin = BinOfRole(asked.document.role)) {
      std::erase_if(release.bins, [&](const DirtyBin& dirty) { return dirty.bin == *bin; });
    }
  }

  // Snapshot or timestamp: journalled before the release-signer is asked. A refusal says that
  // nothing was signed, so the document may be built anew.
  Status SignOne(Draft& release, std::string_view failpoint) {
    const bool snapshot = release.step == ReleaseStep::kSnapshot;
    // As the journal has it, as of now, and without what others signed.
    constexpr int kMostAttempts = 3;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
      const bool from_journal = !release.asked.empty();
      if (!from_journal) RIND_RETURN_IF_ERROR(BuildOne(release, snapshot, failpoint));
      const AskedDocument asked = release.asked.front();
      RIND_ASSIGN_OR_RETURN(const auto outcomes, release_signer_.Sign({&asked.document, 1}));
      if (const auto* answer = std::get_if<SignedByKey>(&outcomes.front())) {
        return Take(release, asked, *answer);
      }
      const RefusedRole refusal = RefusalOf(asked, std::get<Refused>(outcomes.front()));
      LogWarning("the release-signer refused", {{"refusal", Describe(refusal)}});
      release.asked.clear();
      if (from_journal) continue;  // it may have lain there for too long
      bool smaller = false;
      if (snapshot) {
        RIND_ASSIGN_OR_RETURN(smaller, LeaveOutPushes(release, refusal));
      }
      if (smaller) continue;
      const bool drop =
          release.timestamp_only || (snapshot && release.receipts.empty() && release.files.empty());
      RIND_RETURN_IF_ERROR(drop ? EndJournal(release) : WriteJournal(release));
      return FailedPrecondition(Cat("the release-signer refused: ", Describe(refusal)));
    }
    return Internal("publisher: a document was refused and built anew without an end");
  }

  Status BuildOne(Draft& release, bool snapshot, std::string_view failpoint) {
    const absl::Time now = WholeSeconds(clock_.Now());
    RIND_ASSIGN_OR_RETURN(AskedDocument built, snapshot ? planner_.BuildSnapshot(release, now)
                                                        : planner_.BuildTimestamp(release, now));
    release.asked.push_back(std::move(built));
    RIND_RETURN_IF_ERROR(WriteJournal(release));
    Failpoint(failpoint);
    return OkStatus();
  }

  // A project's new version that the release-signer does not take must not hold up all others.
  StatusOr<bool> LeaveOutPushes(Draft& release, const RefusedRole& refusal) {
    bool smaller = false;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(smaller, WithholdPushes(tables, release));
      return OkStatus();
    }));
    if (smaller) release.refused.push_back(refusal);
    // Without anything left there is nothing to ask for.
    return smaller && !(release.files.empty() && !release.must_publish);
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
      RIND_RETURN_IF_ERROR(StageWithheld(tables, release));
      if (release.refused.empty()) {
        RIND_RETURN_IF_ERROR(tables.projects.Published(release.change));
      }
      RIND_RETURN_IF_ERROR(ClearRecentlyClaimedDirty(tables, release));
      return EndJournal(tables, release);
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
  mutable absl::Mutex note_mu_;
  std::string release_error_ ABSL_GUARDED_BY(note_mu_);
  std::string timestamp_error_ ABSL_GUARDED_BY(note_mu_);
};

}  // namespace

std::unique_ptr<Publisher> MakePublisher(PublisherOptions options, StateStore& state,
                                         FileSystem& files, DocumentSigner& content_signer,
                                         DocumentSigner& release_signer, const Clock& clock) {
  return std::make_unique<JournalledPublisher>(std::move(options), state, files, content_signer,
                                               release_signer, clock);
}

}  // namespace rind::delegation_manager
