// The ledger's frames and records as bytes (docs/formats/ledger.md).
//
// Promise: total and strict: any bytes give records or an error; Decode(Encode(x)) is x.
// Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/signing/ledger.h"

namespace rind::signing {

inline constexpr std::string_view kLedgerMagic = "rind-ledger-v1\n";
// Length (4) and the first 4 bytes of its sha256, payload, the first 16 bytes of sha256(payload).
inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kFrameTrailerBytes = 16;
inline constexpr std::size_t kMaxFrameBytes = 64ULL * 1024 * 1024;

std::string EncodeFrame(const std::vector<LedgerRecord>& records);

// What stands at the start of `bytes`, which reach to the end of the file.
struct Frame {
  enum class Kind {
    kWhole,
    kTorn,     // incomplete or damaged, and nothing can stand behind it
    kDamaged,  // damaged where something stands behind it, or may
  };
  Kind kind = Kind::kWhole;
  std::size_t size = 0;  // of a whole frame
  std::vector<LedgerRecord> records;
};
Frame DecodeFrame(std::string_view bytes);

}  // namespace rind::signing
