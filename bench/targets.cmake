# The C++ programs of the benchmarks, none of them built by default (npm run bench, npm run bench:check).

if(EMSCRIPTEN)
  add_executable(bench_kernels_simd EXCLUDE_FROM_ALL bench/native/kernels_wasm.cc)
  target_link_libraries(bench_kernels_simd PRIVATE core_simd)
  target_compile_options(bench_kernels_simd PRIVATE -O3 -fno-vectorize -fno-slp-vectorize)
  # Optimized again at link time, its own loops would be vectorized there.
  set_source_files_properties(bench/native/kernels_wasm.cc PROPERTIES COMPILE_OPTIONS -fno-lto)
  target_link_options(bench_kernels_simd PRIVATE ${WASM_COMMON} -msimd128 -O3 -sSINGLE_FILE -sEXIT_RUNTIME -sENVIRONMENT=node)
  set_target_properties(bench_kernels_simd PROPERTIES SUFFIX .cjs OUTPUT_NAME kernels_simd)
  return()
endif()

function(ruvector_bench name)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/native/${name}.cc)
  target_compile_options(bench_${name} PRIVATE ${RUVECTOR_WARNINGS})
  target_link_libraries(bench_${name} PRIVATE ruvector_core)
endfunction()

ruvector_bench(core_search)
ruvector_bench(make_data)
ruvector_bench(code_recall)
ruvector_bench(code_search)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  ruvector_bench(list_search)
endif()
# The same numbers whatever the machine can do: no multiplication joined with an addition.
target_compile_options(bench_make_data PRIVATE -ffp-contract=off)

# hnswlib compiled for this very machine, as who measures it would.
ruvector_bench(hnswlib_build)
ruvector_bench(search_curve)
target_compile_options(bench_hnswlib_build PRIVATE -march=native)
target_compile_options(bench_search_curve PRIVATE -march=native)

# The kernels against plain loops, which must stay plain.
set(RUVECTOR_BENCH_PLAIN $<IF:$<CXX_COMPILER_ID:GNU>,-fno-tree-vectorize,-fno-vectorize$<SEMICOLON>-fno-slp-vectorize>)
find_package(benchmark QUIET)
if(benchmark_FOUND)
  ruvector_bench(kernels)
  target_compile_options(bench_kernels PRIVATE ${RUVECTOR_BENCH_PLAIN})
  target_link_libraries(bench_kernels PRIVATE benchmark::benchmark)
endif()

# What npm run bench:check counts.
ruvector_bench(counts)
target_compile_options(bench_counts PRIVATE -ffp-contract=off)
ruvector_bench(instructions)
target_compile_options(bench_instructions PRIVATE -g)
