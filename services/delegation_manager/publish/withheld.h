// What a release leaves out when a signer refuses a part of it, so that the rest can go out.
//
// Promise: what is left out stays staged or dirty and is asked for again by the next release; what
// goes out leaves no project without a role and no file with two. Nothing that a signer has signed
// already is left out: its signer goes on from there.
// Threading: one release at a time.
#pragma once

#include "common/base/status.h"
#include "services/delegation_manager/publish/release.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

// After a refusal of recently-claimed: the first versions of projects, a new `claimed`, and the
// bins that projects leave. They move together or not at all.
Status WithholdMoves(Tables& tables, Release& release);

// After a refusal of the snapshot: new versions of projects that are published already, each of
// which stands for itself. False when there is none.
StatusOr<bool> WithholdPushes(Tables& tables, Release& release);

// Once the release is published and what was staged for it is dropped: stages again what it left
// out, but where something newer is staged by now.
Status StageWithheld(Tables& tables, const Release& release);

}  // namespace rind::delegation_manager
