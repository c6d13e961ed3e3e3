#include "common/tuf/model/version.h"

#include "common/base/text.h"

namespace rind::tuf {

StatusOr<Version> Version::Create(std::int64_t value) {
  if (value < 1 || value > kMax) {
    return InvalidArgument(Cat("version: found ", value, ", wanted 1 to ", kMax));
  }
  return Version(value);
}

StatusOr<Version> Version::Next() const {
  if (value_ == kMax) return FailedPrecondition(Cat("version ", value_, " has no next one"));
  return Version(value_ + 1);
}

StatusOr<Threshold> Threshold::Create(std::int64_t value) {
  if (value < 1 || value > kMax) {
    return InvalidArgument(Cat("threshold: found ", value, ", wanted 1 to ", kMax));
  }
  return Threshold(value);
}

}  // namespace rind::tuf
