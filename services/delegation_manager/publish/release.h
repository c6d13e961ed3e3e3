// One release on its way: what is signed, what is asked for, what a restart needs to go on.
//
// Promise: Encode() and Decode() are inverse; the journal holds nothing else. A payload that this
// version can't read is DataLoss, not a guess.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/delegation_manager/publish/refused_role.h"
#include "services/delegation_manager/signers/signer.h"
#include "services/delegation_manager/state/records.h"

namespace rind::delegation_manager {

// Which signer is asked now. The documents of a step are journalled before it is.
enum class ReleaseStep { kContent, kSnapshot, kTimestamp };

std::string_view NameOf(ReleaseStep step);
StatusOr<ReleaseStep> ParseReleaseStep(std::string_view name);

struct AskedDocument {
  DocumentToSign document;
  tuf::Version version = tuf::Version::First();
  absl::Time expires;
};

struct SignedRole {
  tuf::RoleName role = tuf::TopLevelRole::kTargets;
  tuf::Version version = tuf::Version::First();
  absl::Time expires;
  std::string file;  // as published
};

struct Release {
  ReleaseStep step = ReleaseStep::kContent;
  bool timestamp_only = false;
  bool must_publish = false;  // a snapshot even when no content was signed
  std::uint64_t change = 0;   // projects and staged rows up to here are in it
  std::string recently_claimed_dirty, project_list_dirty;  // the settings, as planned
  std::vector<DirtyBin> bins;                              // dirty ones that it takes up
  std::vector<StagedPage> pages;
  std::vector<SignedRole> files;     // signed so far
  std::vector<AskedDocument> asked;  // of the current step; empty: not built yet
  std::vector<SignedReceipt> receipts;
  std::vector<RefusedRole> refused;
  std::vector<SignedRole> withheld;  // staged ones that it leaves out (withheld.h)
  // timestamp_only: the release that waits for its signers meanwhile, encoded; empty: none.
  std::string parked;
};

// What is signed for `role`; null: nothing.
const SignedRole* FindSigned(const Release& release, const tuf::RoleName& role);

std::string Encode(const Release& release);
StatusOr<Release> DecodeRelease(std::string_view payload);

// The file's name below public/metadata.
std::string MetadataName(const tuf::RoleName& role, tuf::Version version);

}  // namespace rind::delegation_manager
