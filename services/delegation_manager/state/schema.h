// The schema of the manager's database, as migrations.
//
// Promise: migrations are only ever added; each brings the database one version up.
// Threading: constants.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rind::delegation_manager {

// "rndm" in ASCII: what says that a database is the manager's.
inline constexpr std::uint32_t kApplicationId = 0x726e646d;

std::span<const std::string_view> Migrations();

// Deletes every row; the tables stay.
std::string_view ClearEverything();

}  // namespace rind::delegation_manager
