# Warnings, sanitizers, hardening and ccache, for every target of rind.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(RIND_WARNINGS -Wall -Wextra -Wpedantic -Werror)

set(RIND_SANITIZE "" CACHE STRING "Value for -fsanitize=, such as address,undefined or thread")
option(RIND_FUZZ "Build the libFuzzer targets (clang only)" OFF)

if(RIND_SANITIZE)
  add_compile_options(-fsanitize=${RIND_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RIND_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented, <regex> looks uninitialized to gcc 12, whose manual warns of that; and Boost.Asio's
    # fences are not modelled, but its queues take mutexes, which are. The other presets keep both.
    list(APPEND RIND_WARNINGS -Wno-maybe-uninitialized -Wno-tsan)
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
if(RIND_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND RIND_WARNINGS -Wthread-safety)
endif()

find_program(RIND_CCACHE ccache)
if(RIND_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RIND_CCACHE})
endif()
