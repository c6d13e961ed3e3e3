#include "services/delegation_manager/publish/creation.h"

#include <array>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "common/tuf/json/encode.h"
#include "services/delegation_manager/ingest/bin_number.h"
#include "services/delegation_manager/publish/byte_codec.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kJournalKind = "creation";
constexpr absl::Duration kAskAgain = absl::Milliseconds(500);

using KeyTable = std::map<std::string, tuf::RoleSigners, std::less<>>;

// What was proposed: all that a restart needs to go on.
struct Draft {
  std::uint32_t bins = 0;
  Profile profile = Profile::kDefault;
  struct Document {
    tuf::RoleName role;
    absl::Time expires;
    std::string canonical;
  };
  std::vector<Document> documents;
};

std::string Encode(const Draft& draft) {
  ByteWriter out;
  out.Int(draft.bins);
  out.Text(NameOf(draft.profile));
  out.Int(draft.documents.size());
  for (const Draft::Document& document : draft.documents) {
    out.Text(document.role.text());
    out.Int(static_cast<std::uint64_t>(absl::ToUnixSeconds(document.expires)));
    out.Text(document.canonical);
  }
  return out.Take();
}

StatusOr<Draft> Decode(std::string_view payload) {
  ByteReader in(payload);
  Draft draft;
  draft.bins = static_cast<std::uint32_t>(in.Int());
  RIND_ASSIGN_OR_RETURN(draft.profile, ParseProfile(in.View()));
  for (std::size_t left = in.Count(); left > 0; --left) {
    RIND_ASSIGN_OR_RETURN(tuf::RoleName role, tuf::RoleName::Parse(in.View()));
    const absl::Time expires = absl::FromUnixSeconds(static_cast<std::int64_t>(in.Int()));
    draft.documents.push_back({std::move(role), expires, in.Text()});
  }
  RIND_RETURN_IF_ERROR(in.Finish("journal of a creation"));
  return draft;
}

StatusOr<tuf::RoleSigners> KeysOf(const KeyTable& keys, std::string_view role,
                                  std::string_view whose) {
  const auto found = keys.find(role);
  if (found != keys.end() && !found->second.keys.empty()) return found->second;
  return FailedPrecondition(Cat(whose, ": has no key for ", role, "; run its `init`"));
}

Status CheckFresh(std::string_view whose, const std::string& repository, std::string_view wanted,
                  const std::map<std::string, std::int64_t, std::less<>>& versions) {
  if (repository != wanted) {
    return FailedPrecondition(
        Cat(whose, ": belongs to repository ", repository, ", this is ", wanted));
  }
  for (const auto& [role, version] : versions) {
    if (version == 0) continue;
    return FailedPrecondition(Cat(whose, ": remembers ", role, " v", version,
                                  " of an earlier repository; its keys and ledger are deleted on "
                                  "its own host only, by its own `destroy`"));
  }
  return OkStatus();
}

class JournalledCreation final : public Creation {
 public:
  explicit JournalledCreation(CreationParts parts) : parts_(std::move(parts)) {}

  Status Create(const CreationRequest& request, const ProgressSink& progress) override {
    const absl::MutexLock hold(&mu_);
    if (!IsBinCount(request.bins)) {
      return InvalidArgument(
          Cat("bins: ", request.bins, " given, wanted a power of two from 16 to 32768"));
    }
    RIND_ASSIGN_OR_RETURN(std::optional<Draft> draft, ReadDraft());
    if (draft) {
      if (draft->bins != request.bins || draft->profile != request.profile) {
        return FailedPrecondition(Cat("a creation with ", draft->bins, " bins and profile ",
                                      NameOf(draft->profile),
                                      " was begun: ask for the same, or `rind destroy` first"));
      }
    } else {
      RIND_ASSIGN_OR_RETURN(const bool staged, IsStaged(request));
      // What the offline keys signed waits for its first release, which a crash may have begun.
      if (staged) return FirstRelease(request.bins, false, progress);
      RIND_RETURN_IF_ERROR(CheckNoRepository());
      RIND_RETURN_IF_ERROR(Tell(progress, "asking the signers for their keys", 0, 0));
      RIND_ASSIGN_OR_RETURN(draft, BuildDraft(request));
      RIND_RETURN_IF_ERROR(WriteDraft(*draft));
      Failpoint("create.journalled");
    }
    RIND_ASSIGN_OR_RETURN(const ProposalStatus approved, Approve(*draft, progress));
    Failpoint("create.approved");
    RIND_RETURN_IF_ERROR(Stage(*draft, approved));
    Failpoint("create.staged");
    return FirstRelease(draft->bins, true, progress);
  }

 private:
  static Status Tell(const ProgressSink& progress, std::string_view step, std::uint64_t done,
                     std::uint64_t total) {
    return progress(step, done, total) ? OkStatus() : Cancelled("the caller gave up");
  }

  Status CheckNoRepository() {
    return parts_.state.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const std::uint32_t bins, tables.bins.Count());
      RIND_ASSIGN_OR_RETURN(const auto root, tables.roles.Find(tuf::TopLevelRole::kRoot));
      if (bins == 0 && !root) return OkStatus();
      return FailedPrecondition(
          Cat("repository ", parts_.repository, " is there already; see `rind status`"));
    });
  }

  // The repository that is asked for exists here, and nothing of it is published yet.
  StatusOr<bool> IsStaged(const CreationRequest& request) {
    bool staged = false;
    RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const std::uint32_t bins, tables.bins.Count());
      RIND_ASSIGN_OR_RETURN(const auto profile, tables.settings.Find(kSettingProfile));
      RIND_ASSIGN_OR_RETURN(const auto snapshot, tables.roles.Find(tuf::TopLevelRole::kSnapshot));
      staged = bins == request.bins && profile == std::string(NameOf(request.profile)) && !snapshot;
      return OkStatus();
    }));
    return staged;
  }

  StatusOr<std::optional<Draft>> ReadDraft() {
    std::optional<Draft> draft;
    RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto entry, tables.journal.Read());
      if (!entry || entry->kind != kJournalKind) return OkStatus();
      RIND_ASSIGN_OR_RETURN(draft, Decode(entry->payload));
      return OkStatus();
    }));
    return draft;
  }

  Status WriteDraft(const Draft& draft) {
    return parts_.state.Transact([&](Tables& tables) {
      return tables.journal.Write({std::string(kJournalKind), "proposed", Encode(draft)});
    });
  }

  // The four documents that a holder of offline keys signs.
  StatusOr<Draft> BuildDraft(const CreationRequest& request) {
    RIND_ASSIGN_OR_RETURN(const OfflineState offline, parts_.offline_signer.GetState());
    RIND_RETURN_IF_ERROR(
        CheckFresh("offline-signer", offline.repository, parts_.repository, offline.versions));
    // So that an authorisation by anybody else is refused before it is recorded.
    RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) {
      return tables.settings.Put(kSettingClaimsOfficer, offline.claims_officer_key);
    }));
    RIND_ASSIGN_OR_RETURN(const SignerState release,
                          parts_.release_signer.GetState({"snapshot", "timestamp"}));
    RIND_RETURN_IF_ERROR(
        CheckFresh("release-signer", release.repository, parts_.repository, release.versions));
    RIND_ASSIGN_OR_RETURN(const SignerState content,
                          parts_.content_signer.GetState({"recently-claimed"}));
    RIND_RETURN_IF_ERROR(
        CheckFresh("content-signer", content.repository, parts_.repository, content.versions));

    RIND_ASSIGN_OR_RETURN(const auto root, KeysOf(offline.keys, "root", "offline-signer"));
    RIND_ASSIGN_OR_RETURN(const auto targets, KeysOf(offline.keys, "targets", "offline-signer"));
    RIND_ASSIGN_OR_RETURN(const auto claimed, KeysOf(offline.keys, "claimed", "offline-signer"));
    RIND_ASSIGN_OR_RETURN(const auto unclaimed,
                          KeysOf(offline.keys, "unclaimed", "offline-signer"));
    RIND_ASSIGN_OR_RETURN(const auto snapshot, KeysOf(release.keys, "snapshot", "release-signer"));
    RIND_ASSIGN_OR_RETURN(const auto timestamp,
                          KeysOf(release.keys, "timestamp", "release-signer"));
    RIND_ASSIGN_OR_RETURN(const auto recent,
                          KeysOf(content.keys, "recently-claimed", "content-signer"));
    RIND_ASSIGN_OR_RETURN(const auto bins, KeysOf(content.keys, "bins", "content-signer"));

    const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(parts_.clock.Now()));
    const auto header = [&](const tuf::RoleName& role) {
      return tuf::Header{tuf::Version::First(), now + LifetimeOf(role, request.profile)};
    };
    const tuf::RoleName root_role = tuf::TopLevelRole::kRoot;
    const tuf::RoleName targets_role = tuf::TopLevelRole::kTargets;
    Draft draft{request.bins, request.profile, {}};
    const auto add = [&](const tuf::RoleName& role, std::string canonical) {
      draft.documents.push_back({role, header(role).expires, std::move(canonical)});
    };
    add(root_role, tuf::EncodeCanonical(
                       tuf::BuildRoot({header(root_role), root, targets, snapshot, timestamp})));
    add(targets_role, tuf::EncodeCanonical(
                          tuf::BuildTopTargets(header(targets_role), claimed, recent, unclaimed)));
    add(tuf::ClaimedRole(), tuf::EncodeCanonical(tuf::BuildClaims(header(tuf::ClaimedRole()), {})));
    add(tuf::UnclaimedRole(), tuf::EncodeCanonical(tuf::BuildUnclaimed(
                                  header(tuf::UnclaimedRole()), bins, BitsOf(request.bins))));
    return draft;
  }

  StatusOr<ProposalStatus> Approve(const Draft& draft, const ProgressSink& progress) {
    Proposal proposal;
    proposal.reason = Cat("create repository ", parts_.repository, " with ", draft.bins, " bins");
    for (const Draft::Document& document : draft.documents) {
      proposal.documents.push_back({document.role, document.canonical, {}, {}});
    }
    RIND_RETURN_IF_ERROR(Tell(progress, "proposing root, targets, claimed and unclaimed", 0, 0));
    RIND_ASSIGN_OR_RETURN(ProposalStatus status, parts_.offline_signer.Propose(proposal));
    const std::string waiting =
        Cat("waiting for approval of proposal ", status.id,
            " on the offline signer's host: rind-offline-signer approve ", status.id);
    while (status.state == ProposalState::kWaiting || status.signatures.empty()) {
      if (status.state == ProposalState::kRefused) break;
      if (status.state == ProposalState::kWaiting) {
        RIND_RETURN_IF_ERROR(Tell(progress, waiting, 0, 0));
      }
      RIND_ASSIGN_OR_RETURN(status, parts_.offline_signer.GetProposal(status.id));
      if (status.state == ProposalState::kWaiting && !parts_.wait(kAskAgain)) {
        return Cancelled("the service stops; the creation goes on when it is asked for again");
      }
    }
    if (status.state == ProposalState::kRefused) {
      // Nothing was signed: the next creation starts anew.
      RIND_RETURN_IF_ERROR(
          parts_.state.Transact([](Tables& tables) { return tables.journal.Clear(); }));
      return FailedPrecondition(Cat("the offline signer refused proposal ", status.id, ": ",
                                    status.refusal.rule, ": ", status.refusal.message));
    }
    return status;
  }

  // The signed documents wait for the first release; from here on there is a repository.
  Status Stage(const Draft& draft, const ProposalStatus& approved) {
    return parts_.state.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
      for (const Draft::Document& document : draft.documents) {
        const auto signatures = approved.signatures.find(document.role);
        if (signatures == approved.signatures.end()) {
          return DataLoss(
              Cat("the offline signer approved and did not sign ", document.role.text()));
        }
        RIND_RETURN_IF_ERROR(tables.staging.PutRole(
            {document.role, tuf::Version::First(),
             tuf::EncodeEnvelope(document.canonical, signatures->second), change}));
      }
      RIND_RETURN_IF_ERROR(tables.bins.Create(draft.bins));
      RIND_RETURN_IF_ERROR(tables.settings.Put(kSettingProfile, NameOf(draft.profile)));
      return tables.journal.Clear();
    });
  }

  // Not forced where the publisher may have made it meanwhile: that would be the second.
  Status FirstRelease(std::uint32_t bins, bool force, const ProgressSink& progress) {
    RIND_RETURN_IF_ERROR(
        Tell(progress, Cat("signing ", bins, " bins and the first release"), 0, 0));
    RIND_ASSIGN_OR_RETURN(const ReleaseResult result, parts_.publisher.Release(force));
    if (!result.refused.empty()) return FailedPrecondition(Describe(result.refused));
    return Tell(progress, Cat("published snapshot v", result.snapshot_version), bins, bins);
  }

  const CreationParts parts_;
  absl::Mutex mu_;
};

}  // namespace

std::unique_ptr<Creation> MakeCreation(CreationParts parts) {
  return std::make_unique<JournalledCreation>(std::move(parts));
}

}  // namespace rind::delegation_manager
