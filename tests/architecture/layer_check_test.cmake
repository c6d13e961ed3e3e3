# Configures a small project in which a syncer links the keystore and expects the configure step to
# fail and to say so; then the same with an allowed link, which must pass.
#   cmake -DSOURCE=<repository> -DWORK=<scratch folder> -P layer_check_test.cmake

function(try_configure out_result out_text deps)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${WORK}/CMakeLists.txt "
    cmake_minimum_required(VERSION 3.25)
    project(layer_check NONE)
    include(${SOURCE}/cmake/RindLayers.cmake)
    foreach(layer base keystore mirror_syncer)
      add_library(a_\${layer} INTERFACE)
      set_target_properties(a_\${layer} PROPERTIES RIND_LAYER \${layer})
      set_property(GLOBAL APPEND PROPERTY RIND_TARGETS a_\${layer})
    endforeach()
    set_property(TARGET a_mirror_syncer PROPERTY LINK_LIBRARIES ${deps})
    rind_check_layers()")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK} -B ${WORK}/build
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
  set(${out_result} ${result} PARENT_SCOPE)
  set(${out_text} "${output}${error}" PARENT_SCOPE)
endfunction()

try_configure(result text a_keystore)
if(result EQUAL 0)
  message(FATAL_ERROR "a syncer that links the keystore was configured")
endif()
string(REGEX REPLACE "[ \n]+" " " text "${text}")
if(NOT text MATCHES "a_mirror_syncer \\(mirror_syncer\\) may not link a_keystore \\(keystore\\)")
  message(FATAL_ERROR "the refusal does not name both sides: ${text}")
endif()

try_configure(result text a_base)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "a syncer that links base was refused: ${text}")
endif()
