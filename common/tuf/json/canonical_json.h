// OLPC canonical JSON: the bytes that TUF signs.
//
// Promise: object members sorted by code point of their names, no white space, strings with only
// `"` and `\` escaped, integers only. Byte for byte what securesystemslib's encode_canonical makes.
// Threading: a writer belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::tuf {

// Streams canonical JSON. The caller gives members in canonical order; the round trip through the
// strict parser in tests holds it to that.
class CanonicalWriter {
 public:
  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Name(std::string_view name);
  void String(std::string_view value);
  // A string of the bytes' lower-case hexadecimal digits.
  void Hex(std::string_view bytes);
  void Integer(std::int64_t value);
  void Bool(bool value);
  void Null();
  // Bytes that are canonical JSON already.
  void Raw(std::string_view canonical);

  // A guess of the whole size, to spare growing.
  void Reserve(std::size_t bytes);

  std::string Take();

 private:
  // Makes room for `most` bytes and says where they go.
  char* Room(std::size_t most);
  // The same for a name or a value, after the comma where one is due.
  char* Next(std::size_t most);
  void Written(const char* end);

  // Longer than what is written: bytes go straight into it, and a string's own append() would look
  // at its capacity for each.
  std::string out_;
  std::size_t size_ = 0;
};

// Parses `json` strictly (SECURITY.md P-02 to P-06: integers only, depth 32, no duplicate members,
// strict UTF-8, control characters escaped) and returns its canonical form. InvalidArgument says
// where and what.
StatusOr<std::string> Canonicalise(std::string_view json);

// Canonical JSON has control characters (the line ends of a PEM key) as they are, which JSON proper
// forbids: the same document with those escaped, for a file. Most documents have none.
std::string EscapeControls(std::string_view canonical);

// OK when `json` parses strictly and is its own canonical form, to the byte. Control characters
// stand in strings as they are, so this is not always JSON that another parser takes.
Status CheckCanonical(std::string_view json);

}  // namespace rind::tuf
