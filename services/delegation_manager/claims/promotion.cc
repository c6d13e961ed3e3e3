#include "services/delegation_manager/claims/promotion.h"

#include <algorithm>
#include <utility>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"
#include "common/tuf/verify/verify.h"
#include "services/delegation_manager/publish/lifetimes.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kSettingPromotion = "promotion";
constexpr std::string_view kWaiting = "waiting";
constexpr std::string_view kRefusedState = "refused";
constexpr std::string_view kPublished = "published";
constexpr std::size_t kNamesInReason = 5;

std::string ReasonOf(const std::vector<std::string>& projects) {
  std::vector<std::string> shown(
      projects.begin(),
      projects.begin() + static_cast<std::ptrdiff_t>(std::min(projects.size(), kNamesInReason)));
  const std::size_t more = projects.size() - shown.size();
  return Cat("promote ", Join(shown, ", "),
             more == 0 ? std::string() : Cat(" and ", more, " more"));
}

StatusOr<tuf::SignedDocument<tuf::Targets>> ReadRole(Tables& tables, const tuf::RoleName& role) {
  RIND_ASSIGN_OR_RETURN(const std::string file, tables.roles.File(role));
  auto decoded = tuf::DecodeTargets(file);
  if (!decoded.ok()) return Annotate(decoded.status(), role.text());
  return decoded;
}

StatusOr<tuf::ClaimedProject> ClaimedProjectOf(const Claim& claim) {
  RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeClaim(claim.claim.statement));
  return tuf::ClaimedProject{.project = claim.project,
                             .signers = {.keys = statement.keys, .threshold = statement.threshold}};
}

StatusOr<Claim> RecentClaim(Tables& tables, const std::string& project) {
  RIND_ASSIGN_OR_RETURN(const auto claim, tables.claims.Find(project));
  if (!claim) return NotFound(Cat("promote: ", Printable(project), " is not claimed by anybody"));
  if (claim->state != ProjectState::kRecentlyClaimed) {
    return FailedPrecondition(
        Cat("promote: ", project, " is ", NameOf(claim->state), ", wanted recently-claimed"));
  }
  return *claim;
}

}  // namespace

std::string EncodePromotion(const PendingPromotion& promotion) {
  // A line each; names have no comma, and what is for people is encoded.
  return Join({promotion.id, promotion.state, ToBase64(promotion.detail), Cat(promotion.version),
               Join(promotion.projects, ","), ToBase64(promotion.canonical)},
              "\n");
}

StatusOr<PendingPromotion> DecodePromotion(std::string_view text) {
  const std::vector<std::string> lines = Split(text, '\n');
  const auto version =
      lines.size() == 6 ? ParseUnsigned(lines[3], tuf::Version::kMax) : std::nullopt;
  if (!version) return DataLoss("settings: the promotion that waits can't be read");
  PendingPromotion promotion;
  promotion.id = lines[0];
  promotion.state = lines[1];
  RIND_ASSIGN_OR_RETURN(promotion.detail, FromBase64(lines[2]));
  promotion.version = static_cast<std::int64_t>(*version);
  promotion.projects = Split(lines[4], ',');
  RIND_ASSIGN_OR_RETURN(promotion.canonical, FromBase64(lines[5]));
  return promotion;
}

Status Promotions::Keep(const PendingPromotion& promotion) {
  return parts_.state.Transact([&](Tables& tables) {
    return tables.settings.Put(kSettingPromotion, EncodePromotion(promotion));
  });
}

StatusOr<std::optional<PendingPromotion>> Promotions::Kept() {
  std::optional<std::string> text;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(text, tables.settings.Find(kSettingPromotion));
    return OkStatus();
  }));
  if (!text || text->empty()) return std::optional<PendingPromotion>();
  RIND_ASSIGN_OR_RETURN(PendingPromotion promotion, DecodePromotion(*text));
  return std::optional(std::move(promotion));
}

StatusOr<PendingPromotion> Promotions::Plan(Tables& tables, std::vector<std::string> projects) {
  if (projects.empty()) {
    RIND_ASSIGN_OR_RETURN(const auto recent, tables.claims.List(ProjectState::kRecentlyClaimed));
    for (const Claim& claim : recent) projects.push_back(claim.project);
  }
  if (projects.empty()) return FailedPrecondition("promote: no project is recently claimed");
  std::sort(projects.begin(), projects.end());
  projects.erase(std::unique(projects.begin(), projects.end()), projects.end());

  RIND_ASSIGN_OR_RETURN(const auto current, ReadRole(tables, tuf::ClaimedRole()));
  RIND_ASSIGN_OR_RETURN(auto entries, tuf::ReadClaims(current.document));
  for (const std::string& project : projects) {
    RIND_ASSIGN_OR_RETURN(const Claim claim, RecentClaim(tables, project));
    RIND_ASSIGN_OR_RETURN(tuf::ClaimedProject entry, ClaimedProjectOf(claim));
    entries.push_back(std::move(entry));
  }
  RIND_ASSIGN_OR_RETURN(const tuf::Version version, current.document.header.version.Next());
  RIND_ASSIGN_OR_RETURN(const auto profile_name, tables.settings.Find(kSettingProfile));
  RIND_ASSIGN_OR_RETURN(const Profile profile, ParseProfile(profile_name.value_or("default")));
  const absl::Time expires = parts_.clock.Now() + LifetimeOf(tuf::ClaimedRole(), profile);
  const tuf::Header header{.version = version,
                           .expires = absl::FromUnixSeconds(absl::ToUnixSeconds(expires))};
  PendingPromotion promotion;
  promotion.version = version.value();
  promotion.canonical = tuf::EncodeCanonical(tuf::BuildClaims(header, std::move(entries)));
  promotion.projects = std::move(projects);
  return promotion;
}

StatusOr<Proposal> Promotions::ProposalOf(const PendingPromotion& promotion) {
  Proposal proposal;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto current, ReadRole(tables, tuf::ClaimedRole()));
    ProposedDocument document{.role = tuf::ClaimedRole(),
                              .canonical = promotion.canonical,
                              .previous = current.canonical,
                              .authorisations = {}};
    for (const std::string& project : promotion.projects) {
      RIND_ASSIGN_OR_RETURN(const Claim claim, RecentClaim(tables, project));
      document.authorisations.push_back(claim.claim);
    }
    proposal.documents.push_back(std::move(document));
    return OkStatus();
  }));
  proposal.reason = ReasonOf(promotion.projects);
  return proposal;
}

StatusOr<PendingPromotion> Promotions::Promote(const std::vector<std::string>& projects) {
  const absl::MutexLock hold(&mu_);
  RIND_ASSIGN_OR_RETURN(auto kept, Kept());
  PendingPromotion next;
  RIND_RETURN_IF_ERROR(parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(next, Plan(tables, projects));
    return OkStatus();
  }));
  if (kept && kept->state == kWaiting) {
    if (kept->projects != next.projects) {
      return FailedPrecondition(Cat("promote: promotion ", kept->id, " of ",
                                    Join(kept->projects, ", "), " waits for its signatures"));
    }
    next = *kept;  // the same again: as it was first proposed
  } else {
    // Kept before it is proposed, so that a restart proposes the same bytes.
    RIND_RETURN_IF_ERROR(Keep(next));
  }
  RIND_ASSIGN_OR_RETURN(const Proposal proposal, ProposalOf(next));
  RIND_ASSIGN_OR_RETURN(const ProposalStatus status, parts_.offline_signer.Propose(proposal));
  next.id = status.id;
  RIND_RETURN_IF_ERROR(Keep(next));
  LogInfo("promotion proposed", {{"proposal", next.id}, {"projects", Join(next.projects, ",")}});
  return next;
}

Status Promotions::Record(PendingPromotion& promotion, std::vector<tuf::Signature> signatures) {
  return parts_.state.Transact([&](Tables& tables) -> Status {
    RIND_ASSIGN_OR_RETURN(const auto top, ReadRole(tables, tuf::TopLevelRole::kTargets));
    const tuf::RoleName claimed = tuf::ClaimedRole();
    const tuf::RoleKeys* keys =
        top.document.delegations ? top.document.delegations->KeysFor(claimed) : nullptr;
    if (keys == nullptr) return DataLoss("targets: does not delegate to claimed");
    RIND_RETURN_IF_ERROR(tuf::VerifyThreshold(claimed, *keys, top.document.delegations->keys,
                                              promotion.canonical, signatures));
    RIND_ASSIGN_OR_RETURN(const tuf::Version version, tuf::Version::Create(promotion.version));
    RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
    RIND_RETURN_IF_ERROR(tables.staging.PutRole(
        {.role = claimed,
         .version = version,
         .file = tuf::EncodeEnvelope(promotion.canonical, std::move(signatures)),
         .change = change}));
    for (const std::string& name : promotion.projects) {
      RIND_ASSIGN_OR_RETURN(Claim claim, RecentClaim(tables, name));
      claim.state = ProjectState::kClaimed;
      claim.since = parts_.clock.Now();
      claim.detail = Cat("promoted by ", promotion.id);
      RIND_RETURN_IF_ERROR(tables.claims.Put(claim));
      RIND_ASSIGN_OR_RETURN(auto project, tables.projects.Find(name));
      if (!project) return DataLoss(Cat("promote: ", name, " has no record"));
      project->state = ProjectState::kClaimed;
      project->waiting = change;
      RIND_RETURN_IF_ERROR(tables.projects.Put(*project));
    }
    promotion.state = kPublished;
    RIND_RETURN_IF_ERROR(tables.settings.Put(kSettingRecentlyClaimedDirty, Cat(change)));
    return tables.settings.Put(kSettingPromotion, EncodePromotion(promotion));
  });
}

StatusOr<PendingPromotion> Promotions::Get(std::string_view id) {
  const absl::MutexLock hold(&mu_);
  RIND_ASSIGN_OR_RETURN(auto kept, Kept());
  if (!kept || kept->id != id || id.empty()) {
    return NotFound(Cat("promotion ", Printable(id), ": there is none of this id"));
  }
  if (kept->state == kWaiting) {
    RIND_ASSIGN_OR_RETURN(ProposalStatus status,
                          parts_.offline_signer.GetProposal(std::string(id)));
    switch (status.state) {
      case ProposalState::kWaiting:
        return *kept;
      case ProposalState::kRefused:
        kept->state = kRefusedState;
        kept->detail = Cat(status.refusal.rule, ": ", status.refusal.message);
        RIND_RETURN_IF_ERROR(Keep(*kept));
        return *kept;
      case ProposalState::kApproved:
        RIND_RETURN_IF_ERROR(Record(*kept, std::move(status.signatures[tuf::ClaimedRole()])));
        LogInfo("promotion signed", {{"proposal", kept->id}});
        break;
    }
  }
  if (kept->state != kPublished) return *kept;
  // A repeat after a release that failed goes on with it; otherwise there is nothing to do.
  const auto released = parts_.publisher.Release(false);
  Status status = released.status();
  if (released.ok() && !released->published && !released->refused.empty()) {
    status = FailedPrecondition(Describe(released->refused));
  }
  if (!status.ok()) {
    return Annotate(status, "promotion: is signed, and published as soon as it can be");
  }
  kept->detail = Describe(released->refused);
  return *kept;
}

}  // namespace rind::delegation_manager
