#include "services/delegation_manager/publish/refused_role.h"

#include "common/base/text.h"

namespace rind::delegation_manager {

std::string Describe(const RefusedRole& refused) {
  return Cat(refused.rule, ": ", refused.role.text(), " v", refused.version.value(), ": ",
             refused.text);
}

std::string Describe(const std::vector<RefusedRole>& refused) {
  std::vector<std::string> texts;
  for (const RefusedRole& one : refused) texts.push_back(Describe(one));
  return Join(texts, "; ");
}

}  // namespace rind::delegation_manager
