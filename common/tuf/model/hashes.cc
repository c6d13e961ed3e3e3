#include "common/tuf/model/hashes.h"

#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kSha512Digits = 128;
constexpr std::size_t kMaxAlgorithms = 16;
constexpr std::string_view kSha512 = "sha512";

}  // namespace

StatusOr<Hashes> Hashes::Create(std::map<std::string, std::string> by_algorithm) {
  if (by_algorithm.size() > kMaxAlgorithms) {
    return InvalidArgument(
        Cat("hashes: ", by_algorithm.size(), " algorithms, wanted at most ", kMaxAlgorithms));
  }
  std::optional<Sha256Digest> sha256;
  if (const auto found = by_algorithm.find("sha256"); found != by_algorithm.end()) {
    RIND_ASSIGN_OR_RETURN(sha256, Sha256Digest::FromHex(found->second));
    by_algorithm.erase(found);
  }
  const auto sha512 = by_algorithm.find(std::string(kSha512));
  if (sha512 != by_algorithm.end()) {
    if (sha512->second.size() != kSha512Digits || !FromHex(sha512->second).ok()) {
      return InvalidArgument(Cat("sha512: found \"", Printable(sha512->second, 140),
                                 "\", wanted 128 lower-case hexadecimal digits"));
    }
  } else if (!sha256) {
    return InvalidArgument("hashes: wanted sha256 or sha512");
  }
  if (by_algorithm.empty()) return Hashes(sha256, nullptr);
  return Hashes(sha256, std::make_shared<const Others>(std::move(by_algorithm)));
}

Hashes Hashes::OfSha256(const Sha256Digest& digest) { return Hashes(digest, nullptr); }

std::map<std::string, std::string> Hashes::by_algorithm() const {
  std::map<std::string, std::string> all;
  if (others_ != nullptr) all = *others_;
  if (sha256_) all["sha256"] = sha256_->Hex();
  return all;
}

Status Hashes::Check(std::string_view bytes) const {
  if (sha256_) {
    const Sha256Digest found = Sha256(bytes);
    if (found != *sha256_) {
      return FailedPrecondition(Cat("sha256: found ", found.Hex(), ", wanted ", sha256_->Hex()));
    }
  }
  if (others_ == nullptr) return OkStatus();
  const auto sha512 = others_->find(std::string(kSha512));
  if (sha512 == others_->end()) return OkStatus();
  const std::string found = Sha512Hex(bytes);
  if (found != sha512->second) {
    return FailedPrecondition(Cat("sha512: found ", found, ", wanted ", sha512->second));
  }
  return OkStatus();
}

std::string Hashes::Preferred() const {
  return sha256_ ? sha256_->Hex() : others_->at(std::string(kSha512));
}

bool Hashes::operator==(const Hashes& other) const {
  if (sha256_ != other.sha256_ || (others_ == nullptr) != (other.others_ == nullptr)) return false;
  return others_ == nullptr || *others_ == *other.others_;
}

}  // namespace rind::tuf
