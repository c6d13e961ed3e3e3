# How targets of rind are made. Each names its layer; see RindLayers.cmake.
#
#   rind_library(NAME rind_base LAYER base SRCS a.cc DEPS absl::status PRIVATE_DEPS spdlog::spdlog)
#   rind_service(NAME rind-gateway LAYER gateway SRCS main.cc DEPS rind_gateway)
#   rind_test(NAME clock_test LAYER base SRCS clock_test.cc DEPS rind_base [LABELS integration] [TSAN])
#   rind_proto(NAME rind_proto_signer SRCS rind/signer/v1/signer.proto DEPS rind_proto_common)
#   rind_fuzz(NAME canonical_json_fuzz LAYER tuf SRCS canonical_json_fuzz.cc DEPS rind_tuf_json)
#
# Two targets gather tests for the sanitizers: rind-unit-tests (each test labelled `unit`) and
# rind-tsan-tests, whose tests carry the label `tsan` too.

include(GoogleTest)

function(_rind_register name layer)
  set_target_properties(${name} PROPERTIES RIND_LAYER "${layer}")
  set_property(GLOBAL APPEND PROPERTY RIND_TARGETS ${name})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${RIND_WARNINGS})
endfunction()

function(rind_library)
  cmake_parse_arguments(arg "" "NAME;LAYER" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${arg_NAME} STATIC ${arg_SRCS})
  target_link_libraries(${arg_NAME} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  _rind_register(${arg_NAME} ${arg_LAYER})
endfunction()

function(rind_service)
  cmake_parse_arguments(arg "" "NAME;LAYER" "SRCS;DEPS" ${ARGN})
  add_executable(${arg_NAME} ${arg_SRCS})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPS})
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  _rind_register(${arg_NAME} ${arg_LAYER})
  set_property(GLOBAL APPEND PROPERTY RIND_SERVICES ${arg_NAME})
  install(TARGETS ${arg_NAME} RUNTIME DESTINATION bin)
endfunction()

# ThreadSanitizer believes only code that it compiled, and Debian's gRPC it did not. Tests of these
# layers meet no gRPC; a service's test that meets none says TSAN itself.
set(RIND_TSAN_LAYERS base crypto tuf sealing evidence keystore signing sqlite blob http pypi tuf_client)

function(_rind_gather group test)
  if(NOT TARGET ${group})
    add_custom_target(${group})
  endif()
  add_dependencies(${group} ${test})
endfunction()

function(rind_test)
  cmake_parse_arguments(arg "TSAN" "NAME;LAYER" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT BUILD_TESTING)
    return()
  endif()
  add_executable(${arg_NAME} ${arg_SRCS})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  _rind_register(${arg_NAME} "${arg_LAYER}:test")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(unit IN_LIST arg_LABELS)
    _rind_gather(rind-unit-tests ${arg_NAME})
  endif()
  if(arg_TSAN OR arg_LAYER IN_LIST RIND_TSAN_LAYERS)
    _rind_gather(rind-tsan-tests ${arg_NAME})
    list(APPEND arg_LABELS tsan)
    if(RIND_SANITIZE STREQUAL "thread")
      target_link_libraries(${arg_NAME} PRIVATE rind_absl_for_tsan)
    endif()
  endif()
  gtest_discover_tests(${arg_NAME} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 300 ENVIRONMENT "RIND_BIN=${CMAKE_BINARY_DIR}/bin"
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # gtest_discover_tests tears lists in PROPERTIES apart, so the labels follow when ctest reads the tests.
  set(labels ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}_labels.cmake)
  file(WRITE ${labels} "set_tests_properties(\${${arg_NAME}_TESTS} PROPERTIES LABELS \"${arg_LABELS}\")\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels})
endfunction()

# Generated code is built without our warnings and included as a system header.
function(rind_proto)
  cmake_parse_arguments(arg "" "NAME" "SRCS;DEPS" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/proto)
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(proto IN LISTS arg_SRCS)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(files ${out}/${stem}.pb.cc ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
    add_custom_command(
      OUTPUT ${files}
      COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR}/proto --cpp_out=${out} --grpc_out=${out}
              --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${proto}
      DEPENDS ${PROJECT_SOURCE_DIR}/proto/${proto}
      VERBATIM)
    list(APPEND generated ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.cc)
  endforeach()
  add_library(${arg_NAME} STATIC ${generated})
  target_include_directories(${arg_NAME} SYSTEM PUBLIC ${out})
  target_link_libraries(${arg_NAME} PUBLIC gRPC::grpc++ protobuf::libprotobuf ${arg_DEPS})
  set_target_properties(${arg_NAME} PROPERTIES RIND_LAYER proto CXX_CLANG_TIDY "")
  set_property(GLOBAL APPEND PROPERTY RIND_TARGETS ${arg_NAME})
endfunction()

# A libFuzzer target; built by the `fuzz` preset only.
function(rind_fuzz)
  cmake_parse_arguments(arg "" "NAME;LAYER" "SRCS;DEPS" ${ARGN})
  if(NOT RIND_FUZZ)
    return()
  endif()
  add_executable(${arg_NAME} ${arg_SRCS})
  target_link_libraries(${arg_NAME} PRIVATE ${arg_DEPS})
  target_link_options(${arg_NAME} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  _rind_register(${arg_NAME} "${arg_LAYER}:test")
endfunction()
