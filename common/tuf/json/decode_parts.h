// The parts that several documents share, from parsed JSON. For decode.cc only.
//
// Promise: errors are InvalidArgument and name the member and what was wanted; decode.cc adds the
// role and the reason.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/tuf/json/strict_parse.h"
#include "common/tuf/model/documents.h"

namespace rind::tuf {

// `value` if it is of that kind: "version: found null, wanted an integer" otherwise.
StatusOr<JsonValue> Expect(JsonValue value, JsonKind kind, std::string_view what);
// The member of that name and kind.
StatusOr<JsonValue> Member(JsonValue object, std::string_view name, JsonKind kind);

StatusOr<std::string> TextMember(JsonValue object, std::string_view name);
StatusOr<std::int64_t> IntegerMember(JsonValue object, std::string_view name);
StatusOr<bool> BoolMember(JsonValue object, std::string_view name);

StatusOr<KeyMap> DecodeKeys(JsonValue keys);
// {"keyids": [...], "threshold": N}, with what else there is.
StatusOr<RoleKeys> DecodeRoleKeys(JsonValue role);
StatusOr<FileMeta> DecodeFileMeta(JsonValue meta);
StatusOr<TargetFile> DecodeTargetFile(JsonValue target);
StatusOr<Delegations> DecodeDelegations(JsonValue delegations);
StatusOr<std::vector<Signature>> DecodeSignatures(JsonValue signatures);

}  // namespace rind::tuf
