# The WebAssembly builds: two variants from one configure, SIMD128 and without, and the C++ tests of each.
# One flag set for Emscripten 3.1.6 (Debian 12) and later. Included by CMakeLists.txt under emcmake.

set(WASM_OUT ${CMAKE_SOURCE_DIR}/wasm/dist)
file(MAKE_DIRECTORY ${WASM_OUT})
set(WASM_COMMON -fwasm-exceptions -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB -sWASM_BIGINT -flto)
# The stack: parsing and searching are iterative, but 64 KB (the default of later versions) is tight for the tests.
set(WASM_COMMON ${WASM_COMMON} -sTOTAL_STACK=1048576 --js-library ${CMAKE_SOURCE_DIR}/wasm/files.js)
set(WASM_MODULE ${WASM_COMMON}
  -Oz -sMODULARIZE -sEXPORT_ES6 -sENVIRONMENT=web,worker -sFILESYSTEM=0 -sDYNAMIC_EXECUTION=0
  -sINCOMING_MODULE_JS_API=instantiateWasm
  -sEXPORTED_FUNCTIONS=_malloc,_free,_ruvector_call,_ruvector_search,_ruvector_reply_words,_ruvector_free_reply,_ruvector_target
  -sEXPORTED_RUNTIME_METHODS=HEAPU8,HEAPU32,HEAPF32)

# Fast where searches, filters and checksums spend their time; small everywhere else.
set(WASM_HOT cpp/simd/centroids.cc cpp/simd/codes.cc cpp/simd/distance.cc cpp/simd/hadamard.cc
  cpp/quant/rotated_codec.cc cpp/quant/rotation.cc cpp/quant/scalar_codec.cc cpp/index/hnsw_graph.cc
  cpp/collection/growing_segment.cc
  cpp/collection/sealed_segment.cc cpp/collection/collection_search.cc cpp/query/filter_text.cc cpp/query/field_index.cc
  cpp/query/filter_match.cc cpp/query/filter_compare.cc cpp/core/crc32c.cc)
set(WASM_COLD ${RUVECTOR_SOURCES})
list(REMOVE_ITEM WASM_COLD ${WASM_HOT})
set_source_files_properties(${WASM_COLD} PROPERTIES COMPILE_OPTIONS -Oz)

function(ruvector_variant variant)
  set(simd ${ARGN})
  ruvector_core(core_${variant})
  target_compile_options(core_${variant} PUBLIC -fwasm-exceptions -fno-rtti -flto ${simd})

  add_executable(ruvector_${variant} cpp/binding/wasm.cc)
  target_link_libraries(ruvector_${variant} PRIVATE core_${variant})
  target_link_options(ruvector_${variant} PRIVATE ${WASM_MODULE} ${simd})
  set_target_properties(ruvector_${variant} PROPERTIES
    OUTPUT_NAME ruvector-${variant} SUFFIX .mjs RUNTIME_OUTPUT_DIRECTORY ${WASM_OUT}
    LINK_DEPENDS ${CMAKE_SOURCE_DIR}/wasm/files.js)

  find_path(CATCH2_HEADERS catch2/catch.hpp PATHS /usr/include NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH)
  if(RUVECTOR_TESTS AND CATCH2_HEADERS)
    # Only Catch2 itself may come from the system's headers.
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include)
    file(CREATE_LINK ${CATCH2_HEADERS}/catch2 ${CMAKE_BINARY_DIR}/include/catch2 SYMBOLIC)
    add_executable(tests_${variant} EXCLUDE_FROM_ALL ${RUVECTOR_TESTS})
    target_include_directories(tests_${variant} PRIVATE test/cpp)
    target_include_directories(tests_${variant} SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/include)
    ruvector_precompiled(tests_${variant})
    target_compile_options(tests_${variant} PRIVATE -frtti -O1)
    target_link_libraries(tests_${variant} PRIVATE core_${variant})
    target_link_options(tests_${variant} PRIVATE ${WASM_COMMON} ${simd} -O1 -sSINGLE_FILE -sEXIT_RUNTIME -sENVIRONMENT=node)
    # .cjs: the package is of type "module", which .js files in it inherit.
    set_target_properties(tests_${variant} PROPERTIES SUFFIX .cjs LINK_DEPENDS ${CMAKE_SOURCE_DIR}/wasm/files.js)
  elseif(RUVECTOR_TESTS)
    message(WARNING "the C++ tests are not built as WebAssembly: they need the header <catch2/catch.hpp> of Catch2 2.13 in /usr/include")
  endif()
endfunction()

ruvector_variant(scalar)
ruvector_variant(simd -msimd128)
