// The keys of one project that are on this machine, and the signatures of all of them.
//
// Promise: keys are unlocked once, under one passphrase, and only those that are asked for.
// Threading: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "services/project_signer/commands.h"
#include "services/project_signer/project_key.h"
#include "services/project_signer/workspace.h"

namespace rind::project_signer {

// Public halves by name; needs no passphrase. Empty when there is no key folder yet.
StatusOr<std::map<std::string, PublicKey>> KeysOf(const Context& context,
                                                  const Workspace& workspace);
// The key in a .pub file: 64 hexadecimal digits.
StatusOr<PublicKey> ReadPublicKeyFile(const FileReader& files, const std::string& path);

class KeyRing {
 public:
  // Unlocks those of `wanted` that are here; NotFound when none is.
  static StatusOr<KeyRing> Unlock(const Context& context, const Workspace& workspace,
                                  const std::vector<PublicKey>& wanted);

  std::size_t size() const { return keys_.size(); }
  // The whole file, in the form of docs/formats/metadata.md.
  StatusOr<std::string> SignRole(const tuf::Targets& role) const;
  // One proof for each key of the claim; NotFound names the key that is not here.
  StatusOr<std::vector<ClaimSignature>> SignClaim(const evidence::ClaimStatement& claim) const;

 private:
  std::vector<ProjectKey> keys_;
};

}  // namespace rind::project_signer
