#include "services/cli/officer_key.h"

#include "common/base/text.h"
#include "common/evidence/statement_key.h"

namespace rind::cli {

std::string PublicHalfPath(const std::string& path) {
  constexpr std::string_view kSuffix = ".key";
  return Cat(path.ends_with(kSuffix) ? path.substr(0, path.size() - kSuffix.size()) : path, ".pub");
}

StatusOr<std::string> MakeOfficerKey(FileSystem& files, const std::string& path,
                                     const std::string& public_path, const SecretBytes* passphrase,
                                     Random& random) {
  for (const std::string& taken : {path, public_path}) {
    if (files.Stat(taken).ok()) {
      return AlreadyExists(
          Cat(taken, ": is there already; a key is never replaced, choose another name"));
    }
  }
  RIND_ASSIGN_OR_RETURN(const evidence::StatementKey key, evidence::StatementKey::Generate(random));
  RIND_RETURN_IF_ERROR(key.Save(files, path, passphrase, random));
  const std::string material = key.public_key().material();
  RIND_RETURN_IF_ERROR(files.Create(public_path, Cat(material, "\n"), 0644));
  return material;
}

}  // namespace rind::cli
