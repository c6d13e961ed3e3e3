// What both readers of index pages share: from what a page says of a file to a ListedFile, or to
// the reason why not.
//
// Promise: Finish() sorts by file name; a name that stands twice with different content is held
// back. Threading: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/pypi/index_page.h"

namespace rind::pypi {

// No project has more files (the largest has some 20,000); a page that claims more is malformed.
inline constexpr std::size_t kMaxFilesOfPage = 200'000;
inline constexpr std::size_t kMaxProjects = 5'000'000;

// A file as a page spells it; nothing is checked yet.
struct RawFile {
  std::string filename;
  std::string url;
  std::string sha256;  // "" when the page gives none
  std::optional<std::uint64_t> size;
  bool has_core_metadata = false;
  std::string core_metadata_sha256;  // "" when the page gives none
  FileFacts facts;
};

class IndexBuilder {
 public:
  explicit IndexBuilder(const ProjectName& project) : project_(project) {}

  void Add(RawFile raw);
  void HoldBack(std::string_view filename, std::string_view reason);
  StatusOr<IndexPage> Finish() &&;

  std::size_t count() const { return count_; }

 private:
  Status Check(RawFile& raw) const;

  const ProjectName& project_;
  IndexPage page_;
  std::map<std::string, ListedFile> by_name_;
  std::size_t count_ = 0;
};

// "1.0" to "1.x" is ours to read; InvalidArgument otherwise (PEP 629: a higher major version must
// be refused).
Status CheckApiVersion(std::string_view version);

}  // namespace rind::pypi
