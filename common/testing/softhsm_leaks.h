// For tests that load SoftHSM2 under AddressSanitizer: SoftHSM2 leaks what it decodes of each ECDSA
// key that it signs with, and that is not ours to find.
//
// Promise: leaks with SoftHSM2 on the stack are let pass, all others are found. To be included by
// one source file of a program. Threading: none.
#pragma once

#ifdef __SANITIZE_ADDRESS__
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's names.
// OpenSSL keeps no frame pointers, so the way back to SoftHSM2 takes the slow unwinder.
const char* __asan_default_options() { return "fast_unwind_on_malloc=0"; }
const char* __lsan_default_suppressions() { return "leak:libsofthsm2.so\n"; }
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
#endif
