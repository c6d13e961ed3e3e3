// Replaces the recorded targets of one project, within a transaction.
//
// Promise: the only way in which targets change. A file's hash never changes, not even after it
// left; pages may. Every bin that a change touches becomes dirty; a page that changed carries the
// serial under which it did. Errors: InvalidArgument (a path outside of simple/PROJECT/ and
// files/PROJECT/, twice the same), FailedPrecondition (a known file with another hash: the message
// has both). Threading: within its transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/evidence/merkle.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

struct TargetChange {
  std::uint32_t added = 0;
  std::uint32_t removed = 0;
  std::uint32_t replaced_pages = 0;
  bool any() const { return added + removed + replaced_pages > 0; }
};

enum class Home { kBins, kProjectRole };  // who lists the targets from now on

// `targets` are all of the project's. `refresh_serials`: pages get `serial` even when they did not
// change (what the last release has not published yet is vouched for anew).
StatusOr<TargetChange> ReplaceTargets(Tables& tables, std::string_view project,
                                      std::span<const evidence::VouchedTarget> targets, Home home,
                                      std::int64_t serial, bool refresh_serials,
                                      std::uint64_t change);

// InvalidArgument unless `path` is one of the project's pages or files ("": the two lists of all
// projects).
Status CheckTargetPlace(std::string_view project, std::string_view path);

// Whether `path` is one of the project's two index pages.
bool IsPage(std::string_view path);

}  // namespace rind::delegation_manager
