// One token of a PKCS#11 module: an HSM, a YubiKey, SoftHSM.
//
// Promise: logs in with the PIN once and again after the token was away (a restarted HSM, a key
// pulled and put back); a call that the token refuses is an error that names the call and the
// return value, never an abort. The PIN is only in guarded memory and in the call that logs in.
// Source: OASIS PKCS #11 Base Specification 3.0.
// Threading: thread-safe; calls run one after another.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"

namespace rind::keystore {

class Pkcs11Token {
 public:
  // `module`: the path of its library; `label`: of the one token that is meant. NotFound when no
  // slot has such a token, FailedPrecondition when several have or the PIN is wrong.
  static StatusOr<std::shared_ptr<Pkcs11Token>> Open(const std::string& module,
                                                     const std::string& label, SecretBytes pin);
  ~Pkcs11Token();
  Pkcs11Token(const Pkcs11Token&) = delete;
  Pkcs11Token& operator=(const Pkcs11Token&) = delete;

  // What runs with a session that is logged in. `functions` are the module's.
  using Work = absl::FunctionRef<CK_RV(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session)>;
  // Runs `work`; once more, with a new session, when the first had gone. Unavailable when the token
  // is away; `what` ("sign with timestamp") stands in the message.
  Status Run(std::string_view what, Work work);

  const std::string& label() const { return label_; }

 private:
  Pkcs11Token(CK_FUNCTION_LIST* functions, std::string label, SecretBytes pin)
      : functions_(functions), label_(std::move(label)), pin_(std::move(pin)) {}
  Status LogIn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LogOut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  StatusOr<CK_SLOT_ID> FindSlot();

  CK_FUNCTION_LIST* const functions_;
  const std::string label_;
  const SecretBytes pin_;
  absl::Mutex mu_;
  CK_SESSION_HANDLE session_ ABSL_GUARDED_BY(mu_) = CK_INVALID_HANDLE;
};

// An attribute whose value lies in `bytes`; it must outlive the result.
CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, std::string& bytes);
// The value of a flag or number as PKCS#11 lays it out.
std::string FlagBytes(bool value);
std::string NumberBytes(CK_ULONG value);

}  // namespace rind::keystore
