// Lets std::unique_ptr free what a C library made: std::unique_ptr<BIO, Freer<BIO_free>>.
//
// Promise: stateless; calls Free once. Threading: as a plain value.
#pragma once

namespace rind::keystore {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};

}  // namespace rind::keystore
