#include "services/delegation_manager/check/repository_check.h"

#include "common/base/text.h"
#include "services/delegation_manager/check/listed.h"
#include "services/delegation_manager/check/metadata_walk.h"
#include "services/delegation_manager/check/target_check.h"
#include "services/delegation_manager/check/unlisted_check.h"

namespace rind::delegation_manager {
namespace {

// Top-level roles are walked whatever `only` says; a delegated one must be in the snapshot.
Status CheckIsRole(const tuf::RoleName& role, const tuf::Snapshot& snapshot) {
  if (role.top_level() || snapshot.roles.contains(role)) return OkStatus();
  return NotFound(Cat("check: ", Printable(role.text()), " is no role of this repository"));
}

}  // namespace

StatusOr<CheckSummary> CheckRepository(const FileReader& files, const CheckPlan& plan,
                                       KnownLeftovers& leftovers, CheckObserver& observer) {
  Findings findings(observer);
  MetadataWalk walk(files,
                    {.folder = JoinPath(plan.public_folder, "metadata"),
                     .root = plan.root,
                     .now = plan.now,
                     .only = plan.only},
                    findings);
  if (!walk.LoadTop()) {
    RIND_RETURN_IF_ERROR(findings.stopped());
    return findings.summary();
  }
  if (plan.only) RIND_RETURN_IF_ERROR(CheckIsRole(*plan.only, walk.snapshot()));
  Listed listed;
  TargetCheck targets(
      files,
      {.public_folder = plan.public_folder, .blobs_folder = plan.blobs_folder, .data = plan.data},
      findings, listed);
  walk.WalkRoles([&](const tuf::RoleName& role, const tuf::Targets& document,
                     const tuf::Delegations* delegations) {
    if (!plan.only || role == *plan.only) targets.CheckRole(role, document, delegations);
  });
  if (!plan.only && findings.stopped().ok()) {
    findings.Progress("unlisted", 0, 0);
    listed.Seal();
    targets.CheckMetadataLinks();
    UnlistedCheck unlisted(files, plan, leftovers, findings, walk, listed);
    unlisted.CheckMetadata();
    unlisted.CheckPages();
    unlisted.CheckBlobs();
  }
  RIND_RETURN_IF_ERROR(findings.stopped());
  return findings.summary();
}

}  // namespace rind::delegation_manager
