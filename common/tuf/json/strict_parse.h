// JSON as signed documents may use it: the one parser for everything that is signed.
//
// Promise: SECURITY.md P-02 to P-06: integers -?(0|[1-9][0-9]{0,18}) within 64 bits and no -0,
// depth at most 32, strings of at most 64 KiB, at most 131,072 members in one object or array and
// 500,000 values in all, no member twice after unescaping, strict UTF-8 without NUL, lone
// surrogates, U+FFFE or U+FFFF. Linear time (n log n where members are out of order); memory is
// bounded by the caps. A document is parsed once: values and canonical bytes both come from the
// same tree. Threading: immutable after Parse().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace rind::tuf {

enum class JsonKind : std::uint8_t { kNull, kBool, kInteger, kString, kArray, kObject };

// "null", "a boolean", "an integer", "a string", "an array", "an object".
std::string_view NameOf(JsonKind kind);

// Canonical JSON has control characters in strings as they are; JSON proper has them escaped.
enum class ControlCharacters { kRefused, kRaw };

class CanonicalWriter;
class JsonDocument;

// A value in a document, which must outlive it. The accessors of a kind are for that kind only.
class JsonValue {
 public:
  JsonKind kind() const;
  bool Bool() const;
  std::int64_t Integer() const;
  // Without its escapes.
  std::string_view Text() const;
  // Of an array or object.
  std::size_t Size() const;

  // The elements of an array: visit(JsonValue) -> Status; the first error ends it.
  template <typename Visit>
  Status ForEachElement(const Visit& visit) const;
  // The members of an object, in the document's order: visit(std::string_view, JsonValue) ->
  // Status.
  template <typename Visit>
  Status ForEachMember(const Visit& visit) const;
  std::optional<JsonValue> Find(std::string_view member) const;

  // Whether the bytes in the document are canonical already.
  bool IsCanonical() const;
  // How many bytes of the document it is.
  std::size_t SourceSize() const;
  std::string Canonical() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, std::uint32_t index)
      : document_(document), index_(index) {}
  std::uint32_t Next() const;
  void Write(CanonicalWriter& json) const;

  const JsonDocument* document_;
  std::uint32_t index_;
};

class JsonDocument {
 public:
  // `json` must outlive the document. InvalidArgument says where and what; ResourceExhausted when a
  // cap is passed.
  static StatusOr<JsonDocument> Parse(std::string_view json, ControlCharacters controls);

  JsonValue root() const { return {this, 0}; }

 private:
  friend class JsonValue;
  friend class JsonParser;
  struct Node {
    JsonKind kind = JsonKind::kNull;
    bool canonical = true;
    bool unescaped = false;   // a string's text is in `unescaped_`, not in the source
    std::uint32_t next = 0;   // the node after this one and all below it
    std::uint32_t begin = 0;  // of the source: the value with its quotes or brackets
    std::uint32_t end = 0;
    // Boolean or integer; members or elements; or a string's place in `unescaped_`.
    std::int64_t number = 0;
    std::uint32_t text_size = 0;
  };

  std::string_view source_;
  std::string unescaped_;
  std::vector<Node> nodes_;  // a member is two: its name and its value
};

template <typename Visit>
Status JsonValue::ForEachElement(const Visit& visit) const {
  JsonValue element(document_, index_ + 1);
  for (std::size_t i = Size(); i > 0; --i) {
    RIND_RETURN_IF_ERROR(visit(element));
    element.index_ = element.Next();
  }
  return OkStatus();
}

template <typename Visit>
Status JsonValue::ForEachMember(const Visit& visit) const {
  JsonValue name(document_, index_ + 1);
  for (std::size_t i = Size(); i > 0; --i) {
    const JsonValue value(document_, name.index_ + 1);
    RIND_RETURN_IF_ERROR(visit(name.Text(), value));
    name.index_ = value.Next();
  }
  return OkStatus();
}

}  // namespace rind::tuf
