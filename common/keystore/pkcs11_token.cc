#include "common/keystore/pkcs11_token.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <p11-kit/p11-kit.h>

#include "common/base/text.h"

namespace rind::keystore {
namespace {

// The session or the token is gone, not the request wrong: a new login may help.
bool SessionIsGone(CK_RV result) {
  switch (result) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_DEVICE_REMOVED:
    case CKR_DEVICE_ERROR:
    case CKR_TOKEN_NOT_PRESENT:
      return true;
    default:
      return false;
  }
}

Status Error(std::string_view what, CK_RV result) {
  const std::string text = Cat(what, ": ", p11_kit_strerror(result));
  switch (result) {
    case CKR_OK:
      return OkStatus();
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return FailedPrecondition(Cat(what, ": wrong PIN"));
    case CKR_PIN_LOCKED:
      return FailedPrecondition(Cat(what, ": the PIN is locked after too many wrong ones"));
    case CKR_MECHANISM_INVALID:
      return FailedPrecondition(Cat(what, ": the token does not know this kind of key"));
    default:
      return SessionIsGone(result) ? Unavailable(text) : Internal(text);
  }
}

// A label in a token's description is padded with blanks to 32 bytes.
std::string LabelOf(const CK_TOKEN_INFO& info) {
  const std::string label(reinterpret_cast<const char*>(info.label), sizeof info.label);
  const auto end = label.find_last_not_of(' ');
  return end == std::string::npos ? "" : label.substr(0, end + 1);
}

}  // namespace

CK_ATTRIBUTE Attribute(CK_ATTRIBUTE_TYPE type, std::string& bytes) {
  return {type, bytes.data(), bytes.size()};
}

std::string FlagBytes(bool value) {
  return std::string(1, static_cast<char>(value ? CK_TRUE : CK_FALSE));
}

std::string NumberBytes(CK_ULONG value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

StatusOr<std::shared_ptr<Pkcs11Token>> Pkcs11Token::Open(const std::string& module,
                                                         const std::string& label,
                                                         SecretBytes pin) {
  CK_FUNCTION_LIST* const functions = p11_kit_module_load(module.c_str(), 0);
  if (functions == nullptr) {
    const char* const message = p11_kit_message();
    return NotFound(Cat("PKCS#11 module ", module, ": ",
                        message == nullptr ? "is no module that can be loaded" : message));
  }
  const CK_RV result = p11_kit_module_initialize(functions);
  if (result != CKR_OK) {
    p11_kit_module_release(functions);
    return Error(Cat("PKCS#11 module ", module), result);
  }
  std::shared_ptr<Pkcs11Token> token(new Pkcs11Token(functions, label, std::move(pin)));
  const absl::MutexLock lock(&token->mu_);
  RIND_RETURN_IF_ERROR(token->LogIn());
  return token;
}

Pkcs11Token::~Pkcs11Token() {
  {
    const absl::MutexLock lock(&mu_);
    LogOut();
  }
  p11_kit_module_finalize(functions_);
  p11_kit_module_release(functions_);
}

StatusOr<CK_SLOT_ID> Pkcs11Token::FindSlot() {
  const std::string what = Cat("PKCS#11 token '", Printable(label_, 40), "'");
  CK_ULONG count = 0;
  RIND_RETURN_IF_ERROR(Error(what, functions_->C_GetSlotList(CK_TRUE, nullptr, &count)));
  std::vector<CK_SLOT_ID> slots(count);
  RIND_RETURN_IF_ERROR(Error(what, functions_->C_GetSlotList(CK_TRUE, slots.data(), &count)));
  slots.resize(std::min<std::size_t>(slots.size(), count));
  std::vector<CK_SLOT_ID> found;
  std::vector<std::string> others;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info = {};
    if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
    if (LabelOf(info) == label_) {
      found.push_back(slot);
    } else {
      others.push_back(Printable(LabelOf(info), 40));
    }
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return NotFound(Cat(what, ": no slot has it; found: ",
                        others.empty() ? "no token at all" : Join(others, ", ")));
  }
  return FailedPrecondition(
      Cat(what, ": ", found.size(), " tokens have this label: wanted exactly one"));
}

Status Pkcs11Token::LogIn() {
  RIND_ASSIGN_OR_RETURN(const CK_SLOT_ID slot, FindSlot());
  const std::string what = Cat("PKCS#11 token '", Printable(label_, 40), "'");
  constexpr CK_FLAGS kFlags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
  RIND_RETURN_IF_ERROR(
      Error(what, functions_->C_OpenSession(slot, kFlags, nullptr, nullptr, &session_)));
  const auto pin = pin_.Read(SecretAccess::Grant());  // to log in
  // The module's interface is not const-correct; it only reads the PIN.
  const CK_RV result =
      functions_->C_Login(session_, CKU_USER, const_cast<unsigned char*>(pin.data()), pin.size());
  if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN) return OkStatus();
  LogOut();
  return Error(what, result);
}

void Pkcs11Token::LogOut() {
  if (session_ == CK_INVALID_HANDLE) return;
  // Not C_Logout: it would log out every session of this process.
  functions_->C_CloseSession(session_);
  session_ = CK_INVALID_HANDLE;
}

Status Pkcs11Token::Run(std::string_view what, Work work) {
  const absl::MutexLock lock(&mu_);
  CK_RV result = CKR_SESSION_HANDLE_INVALID;
  if (session_ != CK_INVALID_HANDLE) result = work(*functions_, session_);
  if (SessionIsGone(result)) {
    LogOut();
    RIND_RETURN_IF_ERROR(Annotate(LogIn(), what));
    result = work(*functions_, session_);
  }
  return Error(what, result);
}

}  // namespace rind::keystore
