// Length-prefixed fields, for the journal.
//
// Promise: ByteReader never reads past its end; the first field that does not fit makes all later
// ones empty and Finish() an error.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/base/text.h"

namespace rind::delegation_manager {

class ByteWriter {
 public:
  // `size`: of all that will be written, to spare growing.
  explicit ByteWriter(std::size_t size = 0) { out_.reserve(size); }
  void Int(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
      out_.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU));
    }
  }
  void Text(std::string_view value) {
    Int(value.size());
    out_.append(value);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// How much a ByteWriter would write.
class ByteCounter {
 public:
  void Int(std::uint64_t /*value*/) { size_ += 8; }
  void Text(std::string_view value) { size_ += 8 + value.size(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Int() {
    if (failed_ || rest_.size() < 8) return Fail();
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(8);
    return value;
  }
  std::string_view View() {
    const std::uint64_t size = Int();
    if (failed_ || rest_.size() < size) {
      Fail();
      return {};
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  std::string Text() { return std::string(View()); }
  // How many elements follow; each takes 8 bytes at least, which bounds what a caller reserves.
  std::size_t Count() {
    const std::uint64_t count = Int();
    if (count > rest_.size() / 8) return static_cast<std::size_t>(Fail());
    return static_cast<std::size_t>(count);
  }
  Status Finish(std::string_view what) const {
    if (failed_ || !rest_.empty()) return DataLoss(Cat(what, ": is cut off or of another form"));
    return OkStatus();
  }

 private:
  std::uint64_t Fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace rind::delegation_manager
