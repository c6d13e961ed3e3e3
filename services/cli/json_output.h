// JSON that `rind` prints for programs, and the little that it reads.
//
// Promise: one document per command, UTF-8 always (bytes that are not become U+FFFD), members in
// the order in which they were set. Threading: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/status.h"

namespace rind::cli {

class JsonValue {
 public:
  using Member = std::pair<std::string, JsonValue>;

  JsonValue() = default;  // null
  explicit(false) JsonValue(bool value) : value_(value) {}
  explicit(false) JsonValue(std::int64_t value) : value_(value) {}
  explicit(false) JsonValue(std::uint64_t value) : value_(value) {}
  explicit(false) JsonValue(int value) : value_(std::int64_t{value}) {}
  explicit(false) JsonValue(std::uint32_t value) : value_(std::uint64_t{value}) {}
  explicit(false) JsonValue(std::string value) : value_(std::move(value)) {}
  explicit(false) JsonValue(std::string_view value) : value_(std::string(value)) {}
  explicit(false) JsonValue(const char* value) : value_(std::string(value)) {}
  static JsonValue Object();
  static JsonValue Array();
  static JsonValue Array(const std::vector<std::string>& texts);

  // For an object. Returns itself: JsonValue::Object().Set("a", 1).Set("b", 2).
  JsonValue& Set(std::string_view name, JsonValue value);
  // For an array.
  JsonValue& Append(JsonValue value);

  // Indented by two spaces, without a final newline.
  std::string Text() const;

 private:
  friend struct JsonRenderer;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, std::string,
               std::vector<JsonValue>, std::vector<Member>>
      value_;
};

// The string members of a JSON object; InvalidArgument for anything else.
StatusOr<std::map<std::string, std::string>> ReadStringMembers(std::string_view json);

// The values of a JSON document, one line each: ("cache.bytes", "1024"). InvalidArgument for
// anything else than JSON; at most 10,000 lines.
StatusOr<std::vector<std::pair<std::string, std::string>>> FlattenJson(std::string_view json);

}  // namespace rind::cli
