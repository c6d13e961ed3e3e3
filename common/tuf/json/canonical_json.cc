#include "common/tuf/json/canonical_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/tuf/json/strict_parse.h"

namespace rind::tuf {
namespace {

void AppendString(std::string& out, std::string_view value) {
  out.push_back('"');
  std::size_t run = 0;
  for (std::size_t at = value.find_first_of("\"\\"); at != std::string_view::npos;
       at = value.find_first_of("\"\\", at + 1)) {
    out.append(value.substr(run, at - run));
    out.push_back('\\');
    run = at;
  }
  out.append(value.substr(run));
  out.push_back('"');
}

void AppendInteger(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

void CanonicalWriter::Separate() {
  if (after_name_) {
    after_name_ = false;
  } else if (!first_.empty()) {
    if (!first_.back()) out_.push_back(',');
    first_.back() = false;
  }
}

void CanonicalWriter::BeginObject() {
  Separate();
  out_.push_back('{');
  first_.push_back(true);
}
void CanonicalWriter::EndObject() {
  out_.push_back('}');
  first_.pop_back();
}
void CanonicalWriter::BeginArray() {
  Separate();
  out_.push_back('[');
  first_.push_back(true);
}
void CanonicalWriter::EndArray() {
  out_.push_back(']');
  first_.pop_back();
}
void CanonicalWriter::Name(std::string_view name) {
  Separate();
  AppendString(out_, name);
  out_.push_back(':');
  after_name_ = true;
}
void CanonicalWriter::String(std::string_view value) {
  Separate();
  AppendString(out_, value);
}
void CanonicalWriter::Integer(std::int64_t value) {
  Separate();
  AppendInteger(out_, value);
}
void CanonicalWriter::Bool(bool value) {
  Separate();
  out_.append(value ? "true" : "false");
}
void CanonicalWriter::Null() {
  Separate();
  out_.append("null");
}
void CanonicalWriter::Raw(std::string_view canonical) {
  Separate();
  out_.append(canonical);
}
void CanonicalWriter::Reserve(std::size_t bytes) { out_.reserve(bytes); }

std::string CanonicalWriter::Take() {
  first_.clear();
  after_name_ = false;
  return std::exchange(out_, {});
}

// The depth of the recursion is the document's, which the parser has bounded.
void JsonValue::AppendCanonical(std::string& out) const {
  if (IsCanonical()) {
    const auto& node = document_->nodes_[index_];
    out.append(document_->source_.substr(node.begin, node.end - node.begin));
    return;
  }
  if (kind() == JsonKind::kString) {
    AppendString(out, Text());
    return;
  }
  char separator = kind() == JsonKind::kArray ? '[' : '{';
  const bool empty = Size() == 0;
  if (empty) out.push_back(separator);
  if (kind() == JsonKind::kArray) {
    JsonValue element(document_, index_ + 1);
    for (std::size_t i = Size(); i > 0; --i, element.index_ = element.Next()) {
      out.push_back(std::exchange(separator, ','));
      element.AppendCanonical(out);
    }
    out.push_back(']');
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
  for (const auto& [text, value] : members) {
    out.push_back(std::exchange(separator, ','));
    AppendString(out, text);
    out.push_back(':');
    value.AppendCanonical(out);
  }
  out.push_back('}');
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
