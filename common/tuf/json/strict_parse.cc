#include "common/tuf/json/strict_parse.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "common/base/text.h"

namespace rind::tuf {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxString = 64ULL * 1024;
constexpr std::size_t kMaxMembers = 131'072;
constexpr std::size_t kMaxNodes = 500'000;
constexpr std::size_t kMaxSource = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMaxDigits = 19;

// Bytes that end a run of plain characters in a string.
constexpr std::array<bool, 256> MakeSpecial() {
  std::array<bool, 256> special{};
  for (std::size_t i = 0; i < 0x20; ++i) special[i] = true;
  for (std::size_t i = 0x80; i < 0x100; ++i) special[i] = true;
  special['"'] = special['\\'] = true;
  return special;
}
constexpr std::array<bool, 256> kSpecial = MakeSpecial();

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// U+FFFE and U+FFFF are no characters (P-06); in UTF-8: EF BF BE and EF BF BF.
bool HasNoncharacter(std::string_view text) {
  for (std::size_t at = text.find("\xEF\xBF"); at != std::string_view::npos;
       at = text.find("\xEF\xBF", at + 1)) {
    if (at + 2 < text.size() && static_cast<unsigned char>(text[at + 2]) >= 0xBE) return true;
  }
  return false;
}

void AppendUtf8(std::string& out, std::uint32_t point) {
  const auto tail = [&out, point](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | ((point >> shift) & 0x3FU)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (point >> 6U)));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (point >> 12U)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | (point >> 18U)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string_view NameOf(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "a boolean";
    case JsonKind::kInteger:
      return "an integer";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kObject:
      return "an object";
  }
  return "";
}

// Recursive descent; its depth is bounded by kMaxDepth.
class JsonParser {
 public:
  JsonParser(std::string_view json, ControlCharacters controls, JsonDocument& out)
      : json_(json), raw_controls_(controls == ControlCharacters::kRaw), out_(out) {}

  Status Run() {
    if (json_.size() > kMaxSource) return ResourceExhausted("JSON: 2 GiB or more");
    // A guess that spares most growing: canonical metadata has a value for about 20 bytes.
    out_.nodes_.reserve(std::min(json_.size() / 20 + 8, kMaxNodes));
    SkipSpace();
    RIND_RETURN_IF_ERROR(Value(0));
    SkipSpace();
    if (at_ != json_.size()) return Wrong("nothing more");
    return OkStatus();
  }

 private:
  using Node = JsonDocument::Node;

  Status Wrong(std::string_view wanted) const {
    const std::string found =
        at_ < json_.size() ? Cat("\"", Printable(json_.substr(at_, 12)), "\"") : "the end";
    return InvalidArgument(Cat("JSON, byte ", at_, ": found ", found, ", wanted ", wanted));
  }
  Status TooMuch(std::string_view what) const {
    return ResourceExhausted(Cat("JSON, byte ", at_, ": ", what));
  }

  char Peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }

  void SkipSpace() {
    while (at_ < json_.size() &&
           (json_[at_] == ' ' || json_[at_] == '\n' || json_[at_] == '\t' || json_[at_] == '\r')) {
      ++at_;
      ++spaces_;
    }
  }

  std::uint32_t NewNode(JsonKind kind) {
    const auto index = static_cast<std::uint32_t>(out_.nodes_.size());
    Node& node = out_.nodes_.emplace_back();
    node.kind = kind;
    node.begin = static_cast<std::uint32_t>(at_);
    node.next = index + 1;
    return index;
  }

  void Finish(std::uint32_t index) {
    Node& node = out_.nodes_[index];
    node.end = static_cast<std::uint32_t>(at_);
    node.next = static_cast<std::uint32_t>(out_.nodes_.size());
  }

  // A member's name is counted with its value, which follows it.
  Status Value(int depth) {
    if (out_.nodes_.size() >= kMaxNodes) return TooMuch(Cat("more than ", kMaxNodes, " values"));
    switch (Peek()) {
      case '{':
      case '[':
        if (depth >= kMaxDepth) return TooMuch(Cat("deeper than ", kMaxDepth, " levels"));
        return Peek() == '{' ? Object(depth + 1) : Array(depth + 1);
      case '"':
        return String();
      case 't':
        return Literal("true", JsonKind::kBool, 1);
      case 'f':
        return Literal("false", JsonKind::kBool, 0);
      case 'n':
        return Literal("null", JsonKind::kNull, 0);
      default:
        return Number();
    }
  }

  Status Literal(std::string_view text, JsonKind kind, std::int64_t number) {
    if (json_.substr(at_, text.size()) != text) return Wrong("a JSON value");
    const std::uint32_t index = NewNode(kind);
    at_ += text.size();
    out_.nodes_[index].number = number;
    Finish(index);
    return OkStatus();
  }

  Status Number() {
    if (Peek() != '-' && !IsDigit(Peek())) return Wrong("a JSON value");
    const std::uint32_t index = NewNode(JsonKind::kInteger);
    std::size_t end = at_ + (Peek() == '-' ? 1 : 0);
    const std::size_t digits = end;
    // Never looks further than a number may reach (CR-22-03: megabytes of digits).
    while (end < json_.size() && end - digits <= kMaxDigits && IsDigit(json_[end])) ++end;
    const std::string_view text = json_.substr(at_, end - at_);
    const char after = end < json_.size() ? json_[end] : '\0';
    const bool leading_zero =
        json_.substr(digits, 1) == "0" && (end - digits > 1 || text[0] == '-');
    if (end == digits || end - digits > kMaxDigits || leading_zero || after == '.' ||
        after == 'e' || after == 'E') {
      return Wrong("an integer of at most 19 digits");
    }
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop != text.data() + text.size()) {
      return Wrong("an integer that fits into 64 bits");
    }
    at_ = end;
    out_.nodes_[index].number = number;
    Finish(index);
    return OkStatus();
  }

  Status Array(int depth) {
    const std::uint32_t index = NewNode(JsonKind::kArray);
    const std::size_t spaces = spaces_;
    bool canonical = true;
    std::size_t count = 0;
    ++at_;
    SkipSpace();
    while (Peek() != ']') {
      if (count > 0) {
        if (Peek() != ',') return Wrong("\",\" or \"]\"");
        ++at_;
        SkipSpace();
      }
      if (++count > kMaxMembers) return TooMuch(Cat("more than ", kMaxMembers, " elements"));
      const std::size_t element = out_.nodes_.size();
      RIND_RETURN_IF_ERROR(Value(depth));
      canonical = canonical && out_.nodes_[element].canonical;
      SkipSpace();
    }
    ++at_;
    out_.nodes_[index].number = static_cast<std::int64_t>(count);
    out_.nodes_[index].canonical = canonical && spaces == spaces_;
    Finish(index);
    return OkStatus();
  }

  Status Object(int depth) {
    const std::uint32_t index = NewNode(JsonKind::kObject);
    const std::size_t spaces = spaces_;
    bool canonical = true;
    bool sorted = true;
    std::size_t count = 0;
    std::size_t previous = 0;
    ++at_;
    SkipSpace();
    while (Peek() != '}') {
      if (count > 0) {
        if (Peek() != ',') return Wrong("\",\" or \"}\"");
        ++at_;
        SkipSpace();
      }
      if (++count > kMaxMembers) return TooMuch(Cat("more than ", kMaxMembers, " members"));
      if (Peek() != '"') return Wrong("a member's name");
      const std::size_t name = out_.nodes_.size();
      RIND_RETURN_IF_ERROR(String());
      SkipSpace();
      if (Peek() != ':') return Wrong("\":\"");
      ++at_;
      SkipSpace();
      const std::size_t value = out_.nodes_.size();
      RIND_RETURN_IF_ERROR(Value(depth));
      canonical = canonical && out_.nodes_[name].canonical && out_.nodes_[value].canonical;
      // Strictly ascending names can't repeat; only others need the check below.
      sorted = sorted && (count == 1 || TextOf(previous) < TextOf(name));
      previous = name;
      SkipSpace();
    }
    ++at_;
    out_.nodes_[index].number = static_cast<std::int64_t>(count);
    out_.nodes_[index].canonical = canonical && sorted && spaces == spaces_;
    Finish(index);
    return sorted ? OkStatus() : CheckNoRepeats(index);
  }

  Status CheckNoRepeats(std::uint32_t object) const {
    std::vector<std::string_view> names;
    names.reserve(static_cast<std::size_t>(out_.nodes_[object].number));
    for (std::uint32_t at = object + 1; at < out_.nodes_[object].next;) {
      names.push_back(TextOf(at));
      at = out_.nodes_[at + 1].next;
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return OkStatus();
    return InvalidArgument(Cat("JSON, object at byte ", out_.nodes_[object].begin, ": member \"",
                               Printable(*twice, 80), "\" twice"));
  }

  std::string_view TextOf(std::size_t index) const {
    const Node& node = out_.nodes_[index];
    return node.unescaped ? std::string_view(out_.unescaped_)
                                .substr(static_cast<std::size_t>(node.number), node.text_size)
                          : out_.source_.substr(node.begin + 1, node.text_size);
  }

  // Moves past plain characters from `at`; notes when some are not ASCII.
  std::size_t PlainRun(std::size_t at, bool& ascii) const {
    while (at < json_.size()) {
      const auto byte = static_cast<unsigned char>(json_[at]);
      if (kSpecial[byte]) {
        if (byte < 0x80) break;
        ascii = false;
      }
      ++at;
    }
    return at;
  }

  Status String() {
    const std::uint32_t index = NewNode(JsonKind::kString);
    const std::size_t arena = out_.unescaped_.size();
    bool ascii = true;
    bool escaped = false;
    bool canonical = true;
    std::size_t run = ++at_;
    while (true) {
      at_ = PlainRun(at_, ascii);
      // A string that is too long is not read to its end first, nor is memory spent on it.
      if (at_ - out_.nodes_[index].begin > 6 * kMaxString) return TooMuch("a string over 64 KiB");
      if (at_ >= json_.size()) return Wrong("the end of a string");
      const char c = json_[at_];
      if (c == '"') break;
      if (c == '\\') {
        escaped = true;
        out_.unescaped_.append(json_.substr(run, at_ - run));
        RIND_RETURN_IF_ERROR(Escape(canonical));
        run = at_;
        continue;
      }
      if (!raw_controls_ || c == '\0') return Wrong("no control character in a string");
      ++at_;
    }
    Node& node = out_.nodes_[index];
    if (escaped) {
      out_.unescaped_.append(json_.substr(run, at_ - run));
      node.unescaped = true;
      node.number = static_cast<std::int64_t>(arena);
      node.text_size = static_cast<std::uint32_t>(out_.unescaped_.size() - arena);
    } else {
      node.text_size = static_cast<std::uint32_t>(at_ - run);
    }
    node.canonical = canonical;
    const std::string_view text = TextOf(index);
    if (text.size() > kMaxString) return TooMuch("a string over 64 KiB");
    if ((!ascii || escaped) && (!IsStrictUtf8(text) || HasNoncharacter(text))) {
      return Wrong("strict UTF-8 in the string before it");
    }
    ++at_;
    Finish(index);
    return OkStatus();
  }

  Status Escape(bool& canonical) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    ++at_;
    const char name = Peek();
    if (name == 'u') {
      canonical = false;
      return UnicodeEscape();
    }
    const std::size_t which = kNames.find(name);
    if (name == '\0' || which == std::string_view::npos) return Wrong("an escape of JSON");
    // Canonical JSON escapes the quote and the backslash, and those only.
    canonical = canonical && which < 2;
    out_.unescaped_.push_back(kValues[which]);
    ++at_;
    return OkStatus();
  }

  // The four digits of \uXXXX, `at_` on the "u"; moves past them.
  StatusOr<std::uint32_t> FourDigits() {
    std::uint32_t value = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
      const char c = at_ + i < json_.size() ? json_[at_ + i] : '\0';
      if (IsDigit(c)) {
        value = value * 16 + static_cast<std::uint32_t>(c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        value = value * 16 + static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
      } else {
        return Wrong("four hexadecimal digits");
      }
    }
    at_ += 5;
    return value;
  }

  Status UnicodeEscape() {
    RIND_ASSIGN_OR_RETURN(std::uint32_t point, FourDigits());
    if (point >= 0xD800 && point <= 0xDBFF && json_.substr(at_, 2) == "\\u") {
      ++at_;
      RIND_ASSIGN_OR_RETURN(const std::uint32_t low, FourDigits());
      if (low < 0xDC00 || low > 0xDFFF) return Wrong("the second half of a surrogate pair before");
      point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
    }
    if ((point >= 0xD800 && point <= 0xDFFF) || point == 0) {
      return Wrong("no lone surrogate and no NUL before");
    }
    AppendUtf8(out_.unescaped_, point);
    return OkStatus();
  }

  std::string_view json_;
  bool raw_controls_;
  JsonDocument& out_;
  std::size_t at_ = 0;
  std::size_t spaces_ = 0;
};

StatusOr<JsonDocument> JsonDocument::Parse(std::string_view json, ControlCharacters controls) {
  JsonDocument document;
  document.source_ = json;
  RIND_RETURN_IF_ERROR(JsonParser(json, controls, document).Run());
  return document;
}

JsonKind JsonValue::kind() const { return document_->nodes_[index_].kind; }
bool JsonValue::Bool() const { return document_->nodes_[index_].number != 0; }
std::int64_t JsonValue::Integer() const { return document_->nodes_[index_].number; }
bool JsonValue::IsCanonical() const { return document_->nodes_[index_].canonical; }
std::uint32_t JsonValue::Next() const { return document_->nodes_[index_].next; }

std::size_t JsonValue::SourceSize() const {
  return document_->nodes_[index_].end - document_->nodes_[index_].begin;
}

std::size_t JsonValue::Size() const {
  return static_cast<std::size_t>(document_->nodes_[index_].number);
}

std::string_view JsonValue::Text() const {
  const auto& node = document_->nodes_[index_];
  return node.unescaped ? std::string_view(document_->unescaped_)
                              .substr(static_cast<std::size_t>(node.number), node.text_size)
                        : document_->source_.substr(node.begin + 1, node.text_size);
}

std::optional<JsonValue> JsonValue::Find(std::string_view member) const {
  JsonValue name(document_, index_ + 1);
  for (std::size_t i = Size(); i > 0; --i) {
    const JsonValue value(document_, name.index_ + 1);
    if (name.Text() == member) return value;
    name.index_ = value.Next();
  }
  return std::nullopt;
}

}  // namespace rind::tuf
