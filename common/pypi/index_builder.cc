#include "common/pypi/index_builder.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

constexpr std::size_t kMaxRequiresPython = 256;
constexpr std::size_t kMaxReason = 1000;
constexpr std::size_t kMaxUrl = 2048;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool HasControl(std::string_view text) { return std::any_of(text.begin(), text.end(), IsControl); }

// PEP 700: "yyyy-mm-ddThh:mm:ss.ffffffZ", the fraction optional.
bool IsUploadTime(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kForm.size() + 1 || text.size() > kForm.size() + 8 || text.back() != 'Z') {
    return false;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == 'd' ? !is_digit(text[i]) : text[i] != kForm[i]) return false;
  }
  const std::string_view fraction = text.substr(kForm.size(), text.size() - kForm.size() - 1);
  if (fraction.empty()) return true;
  return fraction.size() > 1 && fraction.front() == '.' &&
         std::all_of(fraction.begin() + 1, fraction.end(), is_digit);
}

// One line of text, at most kMaxReason bytes, cut between characters.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace_if(line.begin(), line.end(), IsControl, ' ');
  if (line.size() > kMaxReason) {
    std::size_t cut = kMaxReason;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xc0U) == 0x80U) --cut;
    line.resize(cut);
  }
  return line;
}

}  // namespace

void IndexBuilder::HoldBack(std::string_view filename, std::string_view reason) {
  page_.held_back.push_back({Printable(filename, 200), std::string(reason)});
}

// What makes one file unfit, beside its name.
Status IndexBuilder::Check(RawFile& raw) const {
  if (raw.url.empty() || raw.url.size() > kMaxUrl || HasControl(raw.url)) {
    return InvalidArgument("its address is empty, too long or has control characters");
  }
  const std::string& python = raw.facts.requires_python;
  if (python.size() > kMaxRequiresPython || HasControl(python) || !IsStrictUtf8(python)) {
    return InvalidArgument("requires-python is too long or not text");
  }
  if (!IsStrictUtf8(raw.facts.yanked_reason)) return InvalidArgument("yanked is not text");
  raw.facts.yanked_reason = OneLine(raw.facts.yanked_reason);
  // A time in another form would mislead age gates: better none.
  if (!IsUploadTime(raw.facts.upload_time)) raw.facts.upload_time.clear();
  return OkStatus();
}

void IndexBuilder::Add(RawFile raw) {
  ++count_;
  if (count_ > kMaxFilesOfPage) return;  // Finish() refuses the page
  auto distribution = Distribution::Parse(raw.filename, project_);
  if (absl::IsFailedPrecondition(distribution.status())) {
    ++page_.left_out;
    return;
  }
  Status status = distribution.status();
  if (status.ok()) status = Check(raw);
  if (!status.ok()) return HoldBack(raw.filename, MessageOf(status));

  ListedFile file{.distribution = *std::move(distribution),
                  .url = std::move(raw.url),
                  .sha256 = {},
                  .size = raw.size,
                  .has_core_metadata = raw.has_core_metadata,
                  .core_metadata_sha256 = {},
                  .facts = std::move(raw.facts)};
  const auto read_hash = [&](std::string_view hex, std::optional<Sha256Digest>& out) {
    if (hex.empty()) return true;
    auto digest = Sha256Digest::FromHex(ToLower(hex));
    if (digest.ok()) out = *digest;
    return digest.ok();
  };
  if (!read_hash(raw.sha256, file.sha256) ||
      !read_hash(raw.core_metadata_sha256, file.core_metadata_sha256)) {
    return HoldBack(raw.filename, "a sha256 of it is not 64 hexadecimal digits");
  }
  const auto [at, is_new] = by_name_.try_emplace(raw.filename, file);
  if (!is_new && (at->second.sha256 != file.sha256 || !file.sha256)) {
    // Two files of one name: an installer could take either, so neither is taken over.
    at->second.url.clear();
  }
}

StatusOr<IndexPage> IndexBuilder::Finish() && {
  if (count_ > kMaxFilesOfPage) {
    return ResourceExhausted(
        Cat("index page of ", project_.text(), ": more than ", kMaxFilesOfPage, " files"));
  }
  for (auto& [name, file] : by_name_) {
    if (file.url.empty()) {
      HoldBack(name, "is listed more than once, with different content");
    } else {
      page_.files.push_back(std::move(file));
    }
  }
  return std::move(page_);
}

Status CheckApiVersion(std::string_view version) {
  if (version != "1" && !version.starts_with("1.")) {
    return InvalidArgument(Cat("index page: version \"", Printable(version, 20),
                               "\" of the repository API, wanted 1.x"));
  }
  return OkStatus();
}

}  // namespace rind::pypi
