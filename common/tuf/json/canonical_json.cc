#include "common/tuf/json/canonical_json.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/base/hex.h"
#include "common/tuf/json/strict_parse.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kMostDigits = 20;  // of 64 bits, with a sign
constexpr std::size_t kAtFirst = 256;

// At most twice the value's size, and its quotes.
char* PutString(char* at, std::string_view value) {
  *at++ = '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') *at++ = '\\';
    *at++ = c;
  }
  *at++ = '"';
  return at;
}

}  // namespace

char* CanonicalWriter::Room(std::size_t most) {
  if (out_.size() - size_ < most) {
    out_.resize(std::max({kAtFirst, 2 * out_.size(), size_ + most}));
  }
  return out_.data() + size_;
}

char* CanonicalWriter::Next(std::size_t most) {
  char* at = Room(most + 1);
  // What stands before says whether a comma is due: no value ends in one of these, and a name's
  // colon has its value behind it.
  const char before = size_ == 0 ? '[' : at[-1];
  if (before != '{' && before != '[' && before != ':') *at++ = ',';
  return at;
}

void CanonicalWriter::Written(const char* end) {
  size_ = static_cast<std::size_t>(end - out_.data());
}

void CanonicalWriter::BeginObject() {
  char* at = Next(1);
  *at++ = '{';
  Written(at);
}
void CanonicalWriter::EndObject() {
  *Room(1) = '}';
  ++size_;
}
void CanonicalWriter::BeginArray() {
  char* at = Next(1);
  *at++ = '[';
  Written(at);
}
void CanonicalWriter::EndArray() {
  *Room(1) = ']';
  ++size_;
}
void CanonicalWriter::Name(std::string_view name) {
  char* at = PutString(Next(2 * name.size() + 3), name);
  *at++ = ':';
  Written(at);
}
void CanonicalWriter::String(std::string_view value) {
  Written(PutString(Next(2 * value.size() + 2), value));
}
void CanonicalWriter::Hex(std::string_view bytes) {
  char* at = Next(2 * bytes.size() + 2);
  *at++ = '"';
  at = PutHex(at, bytes);
  *at++ = '"';
  Written(at);
}
void CanonicalWriter::Integer(std::int64_t value) {
  char* at = Next(kMostDigits);
  Written(std::to_chars(at, at + kMostDigits, value).ptr);
}
void CanonicalWriter::Bool(bool value) { Raw(value ? "true" : "false"); }
void CanonicalWriter::Null() { Raw("null"); }
void CanonicalWriter::Raw(std::string_view canonical) {
  char* at = Next(canonical.size());
  Written(std::copy(canonical.begin(), canonical.end(), at));
}
void CanonicalWriter::Reserve(std::size_t bytes) { Room(bytes); }

std::string CanonicalWriter::Take() {
  out_.resize(std::exchange(size_, 0));
  return std::exchange(out_, {});
}

// The depth of the recursion is the document's, which the parser has bounded.
void JsonValue::Write(CanonicalWriter& json) const {
  if (IsCanonical()) {
    const auto& node = document_->nodes_[index_];
    json.Raw(document_->source_.substr(node.begin, node.end - node.begin));
    return;
  }
  if (kind() == JsonKind::kString) {
    json.String(Text());
    return;
  }
  if (kind() == JsonKind::kArray) {
    json.BeginArray();
    JsonValue element(document_, index_ + 1);
    for (std::size_t i = Size(); i > 0; --i, element.index_ = element.Next()) element.Write(json);
    json.EndArray();
    return;
  }
  std::vector<std::pair<std::string_view, JsonValue>> members;
  members.reserve(Size());
  JsonValue name(document_, index_ + 1);
  for (std::size_t i = Size(); i > 0; --i) {
    const JsonValue value(document_, name.index_ + 1);
    members.emplace_back(name.Text(), value);
    name.index_ = value.Next();
  }
  // The order of UTF-8 bytes is the order of code points.
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  json.BeginObject();
  for (const auto& [text, value] : members) {
    json.Name(text);
    value.Write(json);
  }
  json.EndObject();
}

std::string JsonValue::Canonical() const {
  CanonicalWriter json;
  json.Reserve(SourceSize());
  Write(json);
  return json.Take();
}

StatusOr<std::string> Canonicalise(std::string_view json) {
  RIND_ASSIGN_OR_RETURN(const JsonDocument document,
                        JsonDocument::Parse(json, ControlCharacters::kRefused));
  return document.root().Canonical();
}

std::string EscapeControls(std::string_view canonical) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(canonical.size());
  std::size_t run = 0;
  for (std::size_t at = 0; at < canonical.size(); ++at) {
    const auto byte = static_cast<unsigned char>(canonical[at]);
    if (byte >= 0x20) continue;
    out.append(canonical.substr(run, at - run));
    out.append("\\u00");
    out.push_back(kDigits[byte >> 4U]);
    out.push_back(kDigits[byte & 0x0FU]);
    run = at + 1;
  }
  out.append(canonical.substr(run));
  return out;
}

Status CheckCanonical(std::string_view json) {
  RIND_ASSIGN_OR_RETURN(const JsonDocument document,
                        JsonDocument::Parse(json, ControlCharacters::kRaw));
  if (document.root().IsCanonical() && !json.empty() &&
      json.size() == document.root().SourceSize()) {
    return OkStatus();
  }
  return InvalidArgument("JSON that is not in canonical form");
}

}  // namespace rind::tuf
