#include "common/keystore/pkcs11_key_store.h"

#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/keystore/pkcs11_objects.h"

namespace rind::keystore {
namespace {

// What a search for one key is made of; the attributes point into it.
class Query {
 public:
  Query(CK_OBJECT_CLASS kind, std::string label)
      : class_(NumberBytes(kind)), label_(std::move(label)) {}
  std::vector<CK_ATTRIBUTE> Attributes() {
    return {Attribute(CKA_CLASS, class_), Attribute(CKA_LABEL, label_)};
  }

 private:
  std::string class_;
  std::string label_;
};

struct Found {
  std::vector<CK_OBJECT_HANDLE> private_keys;
  std::vector<CK_OBJECT_HANDLE> public_keys;
};

CK_RV FindPair(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, const std::string& label,
               Found& found) {
  Query private_query(CKO_PRIVATE_KEY, label);
  const CK_RV result =
      FindObjects(functions, session, private_query.Attributes(), found.private_keys);
  if (result != CKR_OK) return result;
  Query public_query(CKO_PUBLIC_KEY, label);
  return FindObjects(functions, session, public_query.Attributes(), found.public_keys);
}

struct CurveAndPoint {
  std::string parameters;
  std::string point;
};

CK_RV ReadPublic(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                 CurveAndPoint& key) {
  const CK_RV result = ReadAttribute(functions, session, object, CKA_EC_PARAMS, key.parameters);
  if (result != CKR_OK) return result;
  return ReadAttribute(functions, session, object, CKA_EC_POINT, key.point);
}

class TokenSigner final : public PrivateSigner {
 public:
  TokenSigner(std::shared_ptr<Pkcs11Token> token, std::string label, PublicKey key)
      : token_(std::move(token)), label_(std::move(label)), key_(std::move(key)) {}

  const PublicKey& public_key() const override { return key_; }
  bool deterministic() const override { return key_.scheme() == KeyScheme::kEd25519; }

  StatusOr<std::string> Sign(SigningPermit /*permit*/, std::string_view message) const override {
    const bool edwards = key_.scheme() == KeyScheme::kEd25519;
    // CKM_ECDSA takes the digest; CKM_EDDSA the message itself.
    const Sha256Digest digest = Sha256(message);
    std::string input(edwards ? message : digest.Bytes());
    std::string signature(kMaxSignatureBytes, '\0');
    const auto work = [&](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
      Found found;
      // Handles are a session's: it may be a new one, after the token was away.
      CK_RV result = FindPair(functions, session, label_, found);
      if (result != CKR_OK) return result;
      if (found.private_keys.size() != 1) return CKR_KEY_HANDLE_INVALID;
      CK_MECHANISM mechanism = {edwards ? CKM_EDDSA : CKM_ECDSA, nullptr, 0};
      result = functions.C_SignInit(session, &mechanism, found.private_keys[0]);
      if (result != CKR_OK) return result;
      CK_ULONG size = signature.size();
      result =
          functions.C_Sign(session, reinterpret_cast<unsigned char*>(input.data()), input.size(),
                           reinterpret_cast<unsigned char*>(signature.data()), &size);
      if (result == CKR_OK) signature.resize(size);
      return result;
    };
    RIND_RETURN_IF_ERROR(token_->Run(Cat("sign with ", label_), work));
    if (edwards) return signature;
    return EcdsaDer(signature);
  }

 private:
  static constexpr std::size_t kMaxSignatureBytes = 128;
  const std::shared_ptr<Pkcs11Token> token_;
  const std::string label_;
  const PublicKey key_;
};

}  // namespace

StatusOr<std::unique_ptr<Pkcs11KeyStore>> Pkcs11KeyStore::Create(std::shared_ptr<Pkcs11Token> token,
                                                                 std::string prefix,
                                                                 KeyScheme scheme) {
  RIND_RETURN_IF_ERROR(CurveOf(scheme).status());
  return std::unique_ptr<Pkcs11KeyStore>(
      new Pkcs11KeyStore(std::move(token), std::move(prefix), scheme));
}

StatusOr<PublicKey> Pkcs11KeyStore::Create(const std::string& name) {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  std::string label = prefix_ + name;
  const std::string what = Cat("make key ", label);
  RIND_ASSIGN_OR_RETURN(std::string curve, CurveOf(scheme_));
  const bool edwards = scheme_ == KeyScheme::kEd25519;
  bool taken = false;
  CurveAndPoint made;
  const auto work = [&](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
    Found found;
    CK_RV result = FindPair(functions, session, label, found);
    if (result != CKR_OK) return result;
    taken = !found.private_keys.empty() || !found.public_keys.empty();
    if (taken) return CKR_OK;
    std::string yes = FlagBytes(true);
    std::string no = FlagBytes(false);
    std::string type = NumberBytes(edwards ? CKK_EC_EDWARDS : CKK_EC);
    std::vector<CK_ATTRIBUTE> public_template = {
        Attribute(CKA_TOKEN, yes),  Attribute(CKA_LABEL, label),
        Attribute(CKA_ID, label),   Attribute(CKA_KEY_TYPE, type),
        Attribute(CKA_VERIFY, yes), Attribute(CKA_EC_PARAMS, curve)};
    std::vector<CK_ATTRIBUTE> private_template = {
        Attribute(CKA_TOKEN, yes),     Attribute(CKA_LABEL, label),   Attribute(CKA_ID, label),
        Attribute(CKA_KEY_TYPE, type), Attribute(CKA_PRIVATE, yes),   Attribute(CKA_SIGN, yes),
        Attribute(CKA_SENSITIVE, yes), Attribute(CKA_EXTRACTABLE, no)};
    CK_MECHANISM mechanism = {edwards ? CKM_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, nullptr,
                              0};
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;
    result = functions.C_GenerateKeyPair(session, &mechanism, public_template.data(),
                                         public_template.size(), private_template.data(),
                                         private_template.size(), &public_key, &private_key);
    if (result != CKR_OK) return result;
    return ReadPublic(functions, session, public_key, made);
  };
  RIND_RETURN_IF_ERROR(token_->Run(what, work));
  if (taken) {
    return AlreadyExists(Cat("PKCS#11 token ", token_->label(), ": a key ", label,
                             " is there already; a key is never replaced"));
  }
  return PublicKeyOf(made.parameters, made.point);
}

StatusOr<std::map<std::string, PublicKey>> Pkcs11KeyStore::PublicKeys() const {
  std::map<std::string, CurveAndPoint> read;
  const auto work = [&](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
    read.clear();
    std::string kind = NumberBytes(CKO_PUBLIC_KEY);
    std::vector<CK_OBJECT_HANDLE> objects;
    CK_RV result = FindObjects(functions, session, {Attribute(CKA_CLASS, kind)}, objects);
    for (const CK_OBJECT_HANDLE object : objects) {
      if (result != CKR_OK) break;
      std::string label;
      result = ReadAttribute(functions, session, object, CKA_LABEL, label);
      // Other people's keys on this token are none of ours.
      if (result != CKR_OK || !label.starts_with(prefix_)) continue;
      const std::string name = label.substr(prefix_.size());
      if (!CheckKeyName(name).ok()) continue;
      result = ReadPublic(functions, session, object, read[name]);
    }
    return result;
  };
  RIND_RETURN_IF_ERROR(token_->Run("list the keys", work));
  std::map<std::string, PublicKey> keys;
  for (const auto& [name, key] : read) {
    auto made = PublicKeyOf(key.parameters, key.point);
    if (!made.ok()) return Annotate(made.status(), Cat("key ", prefix_, name));
    keys.emplace(name, *std::move(made));
  }
  return keys;
}

StatusOr<std::unique_ptr<PrivateSigner>> Pkcs11KeyStore::Open(const std::string& name) const {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  const std::string label = prefix_ + name;
  Found found;
  CurveAndPoint key;
  std::string extractable;
  const auto work = [&](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
    CK_RV result = FindPair(functions, session, label, found);
    if (result != CKR_OK || found.private_keys.size() != 1 || found.public_keys.size() != 1) {
      return result;
    }
    result = ReadAttribute(functions, session, found.private_keys[0], CKA_EXTRACTABLE, extractable);
    if (result != CKR_OK) return result;
    return ReadPublic(functions, session, found.public_keys[0], key);
  };
  RIND_RETURN_IF_ERROR(token_->Run(Cat("open key ", label), work));
  const std::string where = Cat("PKCS#11 token ", token_->label(), ": key ", label);
  if (found.private_keys.empty() || found.public_keys.empty()) {
    return NotFound(Cat(where, ": there is no such pair"));
  }
  if (found.private_keys.size() > 1 || found.public_keys.size() > 1) {
    return FailedPrecondition(Cat(where, ": there are several: wanted one"));
  }
  if (extractable != FlagBytes(false)) {
    return PermissionDenied(
        Cat(where, ": can be taken out of the token: wanted one that was made in it for ever"));
  }
  auto public_key = PublicKeyOf(key.parameters, key.point);
  if (!public_key.ok()) return Annotate(public_key.status(), where);
  return std::make_unique<TokenSigner>(token_, label, *std::move(public_key));
}

Status Pkcs11KeyStore::Destroy(const std::string& name) {
  RIND_RETURN_IF_ERROR(CheckKeyName(name));
  const std::string label = prefix_ + name;
  bool any = false;
  const auto work = [&](CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) -> CK_RV {
    Found found;
    CK_RV result = FindPair(functions, session, label, found);
    // The private half first: what is left after a failure can't sign.
    for (const auto* const objects : {&found.private_keys, &found.public_keys}) {
      for (const CK_OBJECT_HANDLE object : *objects) {
        if (result != CKR_OK) return result;
        any = true;
        result = functions.C_DestroyObject(session, object);
      }
    }
    return result;
  };
  RIND_RETURN_IF_ERROR(token_->Run(Cat("destroy key ", label), work));
  if (any) return OkStatus();
  return NotFound(Cat("PKCS#11 token ", token_->label(), ": there is no key ", label));
}

}  // namespace rind::keystore
