// The objects of a PKCS#11 token as rind's values.
//
// Promise: total: whatever a token answers gives a value or an error.
// Threading: pure functions, except FindObjects(), which runs in a session.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "common/base/status.h"
#include "common/crypto/public_key.h"

namespace rind::keystore {

// DER of the curve that keys of `scheme` lie on (CKA_EC_PARAMS).
StatusOr<std::string> CurveOf(KeyScheme scheme);
// CKA_EC_PARAMS and CKA_EC_POINT of a public key. InvalidArgument for another curve or a point that
// is none.
StatusOr<PublicKey> PublicKeyOf(std::string_view parameters, std::string_view point);
// r and s, 32 bytes each, as the DER that TUF's ecdsa-sha2-nistp256 has.
StatusOr<std::string> EcdsaDer(std::string_view r_and_s);

// Handles of all objects that match; reads on until there are no more.
CK_RV FindObjects(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                  std::vector<CK_ATTRIBUTE> wanted, std::vector<CK_OBJECT_HANDLE>& found);
// The bytes of one attribute.
CK_RV ReadAttribute(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, std::string& bytes);

}  // namespace rind::keystore
