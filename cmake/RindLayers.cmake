# The layers of rind and what each may link and include.
#
# One row per layer: RIND_MAY_USE_<layer> lists the layers that it may name in
# DEPS and in #include lines. rind_check_layers() fails the configure step when
# a target breaks its row, and tests/architecture/include_rules_test.py reads
# the same rows and holds every #include against them.
#
# Only direct links are checked. That is enough: a layer that may not link
# `keystore` can't get it from a layer that may not link it either, and the
# rows below name `keystore`, `signing` and `signer_home` for key holders only.

set(RIND_MAY_USE_base        base)
set(RIND_MAY_USE_crypto      base crypto)
set(RIND_MAY_USE_tuf         base crypto tuf)
set(RIND_MAY_USE_sealing     base sealing)
set(RIND_MAY_USE_evidence    base crypto tuf sealing evidence)
set(RIND_MAY_USE_keystore    base crypto tuf sealing keystore)
set(RIND_MAY_USE_signing     base crypto tuf evidence keystore signing)
set(RIND_MAY_USE_sqlite      base sqlite)
set(RIND_MAY_USE_blob        base crypto blob)
set(RIND_MAY_USE_http        base http)
set(RIND_MAY_USE_pypi        base crypto tuf pypi)
set(RIND_MAY_USE_tuf_client  base crypto tuf http tuf_client)
set(RIND_MAY_USE_proto       proto)
set(RIND_MAY_USE_rpc         base proto rpc)
set(RIND_MAY_USE_runtime     base http proto rpc runtime)
set(RIND_MAY_USE_signer_home base crypto tuf sealing evidence keystore signing runtime signer_home)
set(RIND_MAY_USE_testing     base crypto tuf sealing evidence keystore signing sqlite blob http pypi tuf_client proto rpc runtime signer_home testing)

# Services: one layer each, so that none can include another.
set(RIND_MAY_USE_offline_signer     base crypto tuf sealing evidence keystore signing proto rpc runtime signer_home offline_signer)
set(RIND_MAY_USE_online_signer      base crypto tuf sealing evidence keystore signing proto rpc runtime signer_home online_signer)
set(RIND_MAY_USE_delegation_manager base crypto tuf evidence sqlite blob http pypi tuf_client proto rpc runtime delegation_manager)
set(RIND_MAY_USE_mirror_syncer      base crypto tuf sealing evidence sqlite blob http pypi proto rpc runtime mirror_syncer)
set(RIND_MAY_USE_gateway            base crypto tuf http pypi tuf_client proto rpc runtime gateway)
set(RIND_MAY_USE_project_signer     base crypto tuf sealing evidence keystore http pypi tuf_client proto rpc runtime project_signer)
set(RIND_MAY_USE_cli                base crypto tuf sealing evidence http pypi tuf_client proto rpc runtime cli)
set(RIND_MAY_USE_pki                base crypto runtime pki)

# A test is its layer's, and may use the fakes on top.
function(rind_layer_may_use out layer)
  if(layer MATCHES "^(.+):test$")
    set(allowed ${RIND_MAY_USE_${CMAKE_MATCH_1}} ${RIND_MAY_USE_testing})
  else()
    set(allowed ${RIND_MAY_USE_${layer}})
  endif()
  set(${out} "${allowed}" PARENT_SCOPE)
endfunction()

function(rind_check_layers)
  get_property(targets GLOBAL PROPERTY RIND_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(layer ${target} RIND_LAYER)
    rind_layer_may_use(allowed "${layer}")
    if(NOT allowed)
      message(FATAL_ERROR "${target}: layer '${layer}' has no row in cmake/RindLayers.cmake")
    endif()
    get_target_property(deps ${target} LINK_LIBRARIES)
    foreach(dep IN LISTS deps)
      if(TARGET ${dep})
        get_target_property(dep_layer ${dep} RIND_LAYER)
        if(dep_layer AND NOT dep_layer IN_LIST allowed)
          message(FATAL_ERROR "${target} (${layer}) may not link ${dep} (${dep_layer}): see cmake/RindLayers.cmake")
        endif()
      endif()
    endforeach()
  endforeach()
endfunction()
