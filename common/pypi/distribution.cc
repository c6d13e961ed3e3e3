#include "common/pypi/distribution.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

// With "<sha256>." before it and ".metadata" after it a name stays under NAME_MAX (255).
constexpr std::size_t kMaxFilename = 180;

// Archives that installers take; PEP 625 allows only the first for new sdists.
constexpr std::array<std::string_view, 5> kSdistEndings = {".tar.gz", ".zip", ".tar.bz2", ".tgz",
                                                           ".tar.xz"};
// Forms from before wheels. No installer takes them, so a mirror need not have them.
constexpr std::array<std::string_view, 8> kLegacyEndings = {".egg", ".exe", ".rpm",   ".msi",
                                                            ".deb", ".dmg", ".tar.Z", ".tar"};

bool IsSafe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '+' || c == '!' || c == '~';
}

bool SameProject(std::string_view spelling, const ProjectName& project) {
  const auto name = ProjectName::Parse(spelling);
  return name.ok() && *name == project;
}

// PEP 427: name-version(-build)?-python-abi-platform.whl
std::optional<std::string> WheelVersion(std::string_view stem, const ProjectName& project) {
  const std::vector<std::string> parts = Split(stem, '-');
  if (parts.size() != 5 && parts.size() != 6) return std::nullopt;
  if (std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); })) {
    return std::nullopt;
  }
  if (!SameProject(parts[0], project)) return std::nullopt;
  return parts[1];
}

// name-version; the name may have dashes of its own, so each dash is tried.
std::optional<std::string> SdistVersion(std::string_view stem, const ProjectName& project) {
  for (std::size_t dash = stem.find('-'); dash != std::string_view::npos;
       dash = stem.find('-', dash + 1)) {
    const std::string_view rest = stem.substr(dash + 1);
    if (!rest.empty() && SameProject(stem.substr(0, dash), project)) return std::string(rest);
  }
  return std::nullopt;
}

}  // namespace

StatusOr<Distribution> Distribution::Parse(std::string_view filename, const ProjectName& project) {
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(Cat("file name \"", Printable(filename, 120), "\": ", why));
  };
  if (filename.empty()) return wrong("is empty");
  if (filename.size() > kMaxFilename) return wrong(Cat("is longer than ", kMaxFilename, " bytes"));
  if (!std::all_of(filename.begin(), filename.end(), IsSafe)) {
    return wrong("has a character other than [A-Za-z0-9._+!~-]");
  }
  if (filename.front() == '.' || filename.front() == '-') return wrong("begins with . or -");
  for (const std::string_view ending : kLegacyEndings) {
    if (filename.ends_with(ending)) {
      return FailedPrecondition(Cat("file name \"", filename, "\": no installer takes ", ending));
    }
  }

  Distribution result;
  std::optional<std::string> version;
  constexpr std::string_view kWheelEnding = ".whl";
  if (filename.ends_with(kWheelEnding)) {
    result.kind_ = DistributionKind::kWheel;
    version = WheelVersion(filename.substr(0, filename.size() - kWheelEnding.size()), project);
  } else {
    result.kind_ = DistributionKind::kSdist;
    const auto ending = std::find_if(kSdistEndings.begin(), kSdistEndings.end(),
                                     [&](std::string_view e) { return filename.ends_with(e); });
    if (ending == kSdistEndings.end()) return wrong("is neither a wheel nor a source archive");
    version = SdistVersion(filename.substr(0, filename.size() - ending->size()), project);
  }
  if (!version) return wrong(Cat("is not a name of project ", project.text(), " with a version"));
  result.filename_ = std::string(filename);
  result.version_text_ = *std::move(version);
  if (auto parsed = Version::Parse(result.version_text_); parsed.ok()) {
    result.version_ = *std::move(parsed);
  }
  return result;
}

}  // namespace rind::pypi
