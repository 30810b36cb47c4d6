# Builds the addon with node-gyp: the alternative to CMake, from the same list of sources. Stays out
# of the published package. Run `npx node-gyp configure build`, not `rebuild`: that one empties build/,
# and CMake's folders with it.
{
  "targets": [
    {
      "target_name": "ruvector",
      "sources": [
        "cpp/binding/napi.cc",
        ".deps/highway/hwy/abort.cc",
        ".deps/highway/hwy/per_target.cc",
        ".deps/highway/hwy/targets.cc",
        "<!@(node -p \"require('fs').readFileSync('cpp/sources.txt', 'utf8').split(/\\r?\\n/).filter((l) => l && l[0] !== '#').join(' ')\")",
      ],
      "include_dirs": ["cpp", ".deps/include", ".deps/highway", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED", "NDEBUG"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O3", "-fvisibility=hidden", "-pthread"],
      "ldflags": ["-pthread"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_ENABLE_CPP_RTTI": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "OTHER_CPLUSPLUSFLAGS": ["-O3", "-fvisibility=hidden"],
      },
      "msvs_settings": {
        "VCCLCompilerTool": {
          "ExceptionHandling": 1,
          "RuntimeTypeInfo": "true",
          "AdditionalOptions": ["/std:c++20", "/utf-8", "/bigobj", "/permissive-", "/Zc:__cplusplus"],
        },
      },
    }
  ]
}
