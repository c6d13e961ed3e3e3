#include "common/tuf/verify/verify.h"

#include <algorithm>
#include <set>
#include <string>

#include "common/base/text.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {

Status VerifyThreshold(const RoleName& name, const RoleKeys& role, const KeyMap& keys,
                       std::string_view canonical, const std::vector<Signature>& signatures) {
  // TUF spec #verify-signature: each key counts once, whatever ids it stands under. Two
  // spellings of one key have one identity().
  std::set<std::string> signers;
  for (const KeyId& id : role.key_ids) {
    const auto key = keys.find(id);
    if (key == keys.end() || !key->second.verifier) continue;
    const auto signature = std::find_if(signatures.begin(), signatures.end(),
                                        [&id](const Signature& s) { return s.key_id == id; });
    if (signature == signatures.end()) continue;
    if (key->second.verifier->Verify(canonical, signature->bytes).ok()) {
      signers.insert(key->second.verifier->identity());
    }
  }
  const auto found = static_cast<std::int64_t>(signers.size());
  if (found < role.threshold.value()) {
    return Reject(Rejection::kUnsigned,
                  Cat(name.text(), ": wants ", role.threshold.value(), " of ", role.key_ids.size(),
                      " keys, found valid signatures of ", found));
  }
  return OkStatus();
}

}  // namespace rind::tuf
