# The C++ programs of the benchmarks, none of them built by default (npm run bench, npm run bench:check).

function(ruvector_bench name)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/native/${name}.cc)
  target_compile_options(bench_${name} PRIVATE ${RUVECTOR_WARNINGS})
  target_link_libraries(bench_${name} PRIVATE ruvector_core)
endfunction()

ruvector_bench(core_search)
ruvector_bench(make_data)
# The same numbers whatever the machine can do: no multiplication joined with an addition.
target_compile_options(bench_make_data PRIVATE -ffp-contract=off)

# hnswlib compiled for this very machine, as who measures it would.
ruvector_bench(hnswlib_build)
ruvector_bench(search_curve)
target_compile_options(bench_hnswlib_build PRIVATE -march=native)
target_compile_options(bench_search_curve PRIVATE -march=native)
