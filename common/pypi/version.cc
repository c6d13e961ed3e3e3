#include "common/pypi/version.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

constexpr std::size_t kMaxVersion = 200;
constexpr std::size_t kMaxDigits = 18;  // fits 64 bits with room

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
bool IsSeparator(char c) { return c == '.' || c == '-' || c == '_'; }

}  // namespace

// Reads the parts one after the other; each Read...() takes what is there and nothing else.
class VersionReader {
 public:
  explicit VersionReader(std::string_view text) : rest_(text) {}

  bool ReadAll(Version& version) {
    if (!rest_.empty() && rest_.front() == 'v') rest_.remove_prefix(1);
    if (!ReadRelease(version)) return false;
    ReadPre(version);
    ReadPost(version);
    ReadDev(version);
    if (!rest_.empty() && rest_.front() == '+') {
      rest_.remove_prefix(1);
      if (!ReadLocal(version)) return false;
    }
    return rest_.empty() && !overflow_;
  }

 private:
  std::optional<std::uint64_t> Number() {
    std::size_t size = 0;
    while (size < rest_.size() && IsDigit(rest_[size])) ++size;
    if (size == 0) return std::nullopt;
    std::string_view digits = rest_.substr(0, size);
    rest_.remove_prefix(size);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.size() > kMaxDigits) overflow_ = true;
    if (digits.empty() || overflow_) return 0;
    return ParseUnsigned(digits, std::numeric_limits<std::uint64_t>::max());
  }

  bool ReadRelease(Version& version) {
    std::optional<std::uint64_t> first = Number();
    if (!first) return false;
    if (!rest_.empty() && rest_.front() == '!') {
      version.epoch_ = *first;
      rest_.remove_prefix(1);
      first = Number();
      if (!first) return false;
    }
    version.release_.push_back(*first);
    while (rest_.size() > 1 && rest_[0] == '.' && IsDigit(rest_[1])) {
      rest_.remove_prefix(1);
      version.release_.push_back(*Number());
    }
    return true;
  }

  // [sep] word [sep] number?; takes nothing unless one of `words` is there.
  template <std::size_t N>
  std::optional<std::pair<std::string_view, std::uint64_t>> Word(
      const std::array<std::string_view, N>& words) {
    std::string_view ahead = rest_;
    if (!ahead.empty() && IsSeparator(ahead.front())) ahead.remove_prefix(1);
    for (const std::string_view word : words) {
      if (!ahead.starts_with(word)) continue;
      rest_ = ahead.substr(word.size());
      if (rest_.size() > 1 && IsSeparator(rest_[0]) && IsDigit(rest_[1])) rest_.remove_prefix(1);
      return std::pair{word, Number().value_or(0)};
    }
    return std::nullopt;
  }

  void ReadPre(Version& version) {
    // The longer spellings first; "c" and "pre" are release candidates.
    static constexpr std::array<std::string_view, 8> kWords = {"alpha", "beta", "preview", "pre",
                                                               "rc",    "a",    "b",       "c"};
    if (const auto found = Word(kWords)) {
      const char first = found->first.front();
      version.pre_ = {first == 'a' || first == 'b' ? first : 'c', found->second};
    }
  }

  void ReadPost(Version& version) {
    if (rest_.size() > 1 && rest_[0] == '-' && IsDigit(rest_[1])) {  // "1.0-1" is "1.0.post1"
      rest_.remove_prefix(1);
      version.post_ = Number();
      return;
    }
    static constexpr std::array<std::string_view, 3> kWords = {"post", "rev", "r"};
    if (const auto found = Word(kWords)) version.post_ = found->second;
  }

  void ReadDev(Version& version) {
    static constexpr std::array<std::string_view, 1> kWords = {"dev"};
    if (const auto found = Word(kWords)) version.dev_ = found->second;
  }

  bool ReadLocal(Version& version) {
    while (true) {
      std::size_t size = 0;
      while (size < rest_.size() && (IsDigit(rest_[size]) || IsLetter(rest_[size]))) ++size;
      if (size == 0) return false;
      const std::string_view part = rest_.substr(0, size);
      if (std::all_of(part.begin(), part.end(), IsDigit)) {
        version.local_.push_back({.number = Number(), .text = {}});
      } else {
        version.local_.push_back({.number = std::nullopt, .text = std::string(part)});
        rest_.remove_prefix(size);
      }
      if (rest_.empty()) return true;
      if (!IsSeparator(rest_.front())) return false;
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  bool overflow_ = false;
};

StatusOr<Version> Version::Parse(std::string_view text) {
  const std::string lowered = ToLower(Trim(text));
  Version version;
  if (lowered.size() > kMaxVersion || !VersionReader(lowered).ReadAll(version)) {
    return InvalidArgument(Cat("version \"", Printable(text, 60), "\" is not one of PEP 440"));
  }
  return version;
}

std::string Version::Text() const {
  std::string text = epoch_ == 0 ? "" : Cat(epoch_, "!");
  for (std::size_t i = 0; i < release_.size(); ++i) {
    text += i == 0 ? Cat(release_[i]) : Cat(".", release_[i]);
  }
  if (pre_) text += pre_->first == 'c' ? Cat("rc", pre_->second) : Cat(pre_->first, pre_->second);
  if (post_) text += Cat(".post", *post_);
  if (dev_) text += Cat(".dev", *dev_);
  for (std::size_t i = 0; i < local_.size(); ++i) {
    text += i == 0 ? "+" : ".";
    text += local_[i].number ? Cat(*local_[i].number) : local_[i].text;
  }
  return text;
}

// PEP 440: 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0 < 1.0.post1. A dev release of nothing sorts
// below all pre-releases.
std::pair<int, std::uint64_t> Version::PreOrder() const {
  if (pre_) return {pre_->first - 'a' + 1, pre_->second};
  if (!post_ && dev_) return {0, 0};
  return {9, 0};
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = epoch_ <=> other.epoch_; order != 0) return order;
  const std::size_t longest = std::max(release_.size(), other.release_.size());
  for (std::size_t i = 0; i < longest; ++i) {
    const std::uint64_t mine = i < release_.size() ? release_[i] : 0;
    const std::uint64_t theirs = i < other.release_.size() ? other.release_[i] : 0;
    if (mine != theirs) return mine <=> theirs;
  }
  if (const auto order = PreOrder() <=> other.PreOrder(); order != 0) return order;
  if (const auto order = post_ <=> other.post_; order != 0) return order;  // none is lowest
  // No dev number is highest.
  const auto dev = [](const Version& v) {
    return v.dev_.value_or(std::numeric_limits<std::uint64_t>::max());
  };
  if (const auto order = dev(*this) <=> dev(other); order != 0) return order;
  return std::lexicographical_compare_three_way(local_.begin(), local_.end(), other.local_.begin(),
                                                other.local_.end());
}

}  // namespace rind::pypi
