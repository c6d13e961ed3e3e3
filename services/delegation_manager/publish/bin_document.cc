#include "services/delegation_manager/publish/bin_document.h"

#include <bit>
#include <utility>

#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::vector<evidence::VouchedTarget> LeavesOf(const std::vector<Target>& targets) {
  std::vector<evidence::VouchedTarget> leaves;
  leaves.reserve(targets.size());
  for (const Target& target : targets) {
    leaves.push_back({target.path, target.length, target.sha256});
  }
  return leaves;
}

tuf::TargetFile FileOf(const Target& target) {
  tuf::TargetFile file;
  file.length = target.length;
  file.hashes = tuf::Hashes::OfSha256(target.sha256);
  // The list of all projects has no upstream serial.
  if (!target.project.empty()) file.serial = target.serial;
  return file;
}

}  // namespace

tuf::RoleName BinRole(std::uint32_t bin, std::uint32_t bin_count) {
  // TAP 15: as many digits as the last bin's number has.
  const auto digits = static_cast<unsigned>(std::bit_width(bin_count - 1) + 3) / 4;
  std::string name = Cat(tuf::kBinPrefix, "-");
  for (unsigned left = digits; left > 0; --left) {
    name.push_back(kDigits[(bin >> (4U * (left - 1))) & 0xfU]);
  }
  return *tuf::RoleName::Parse(name);
}

std::optional<std::uint32_t> BinOfRole(const tuf::RoleName& role) {
  const std::string prefix = Cat(tuf::kBinPrefix, "-");
  const std::string& name = role.text();
  if (!name.starts_with(prefix) || name.size() > prefix.size() + 4 || name.size() == prefix.size())
    return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : name.substr(prefix.size())) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    number = (number << 4U) | static_cast<std::uint32_t>(digit);
  }
  return number;
}

absl::Time BinExpiry(std::uint32_t bin, Profile profile, absl::Time now) {
  const absl::Duration lifetime = LifetimeOf(BinRole(bin, 32768), profile);
  const absl::Duration spread = lifetime / 6;
  // Knuth's multiplicative hash: neighbours land far from one another.
  const std::uint32_t place = bin * 2654435761U;
  const double share = static_cast<double>(place) / 4294967296.0;
  const absl::Time expires = now + lifetime - spread * share;
  return absl::FromUnixSeconds(absl::ToUnixSeconds(expires));
}

tuf::Targets BuildBin(const tuf::Header& header, const std::vector<Target>& targets) {
  tuf::Targets document;
  document.header = header;
  for (const Target& target : targets) {
    document.targets.emplace(target.path.text(), FileOf(target));
  }
  return document;
}

std::vector<const Target*> NeedEvidence(const std::optional<tuf::Targets>& previous,
                                        const std::vector<Target>& targets) {
  std::vector<const Target*> found;
  for (const Target& target : targets) {
    if (target.project.empty()) continue;
    if (previous) {
      const auto before = previous->targets.find(target.path.text());
      if (before != previous->targets.end() && before->second == FileOf(target)) continue;
    }
    found.push_back(&target);
  }
  return found;
}

EvidenceTree::EvidenceTree(SignedEvidence evidence, const std::vector<Target>& targets)
    : evidence_(std::move(evidence)), leaves_(LeavesOf(targets)), tree_(leaves_) {
  for (std::size_t i = 0; i < leaves_.size(); ++i) index_.emplace(leaves_[i].path.text(), i);
}

Vouched EvidenceTree::Prove(const std::vector<const Target*>& wanted) const {
  Vouched vouched{evidence_, {}};
  for (const Target* target : wanted) {
    const auto found = index_.find(target->path.text());
    if (found == index_.end()) continue;  // the signer will say that nothing covers it
    vouched.targets.push_back({leaves_[found->second], found->second, tree_.Path(found->second)});
  }
  return vouched;
}

}  // namespace rind::delegation_manager
