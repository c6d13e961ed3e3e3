// Syncing and releasing, as the commands sync, release, timestamp and update show them.
//
// Promise: each prints its result for people and returns it for programs. Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "services/cli/command.h"
#include "services/cli/operator_client.h"

namespace rind::cli {

struct SyncOutcome {
  JsonValue json;
  bool complete = false;  // no project failed
  bool anything = false;  // at least one project is mirrored now
};

StatusOr<SyncOutcome> SyncAndShow(Session& session, const ClientSettings& settings,
                                  const std::vector<std::string>& projects);
// "released snapshot v3, timestamp v4: 5 roles changed, in 120 ms", and a line for each role that a
// signer refused: "refused  bin-3  S-06  ...".
JsonValue ShowRelease(Output& out, const ReleaseResult& result);
Answer AnswerOf(const ReleaseResult& result);

}  // namespace rind::cli
