# Finds every outside library. Who may include which is the last column of the table in
# docs/architecture.md; what the broker maps is policy/broker.libs, what the worker maps policy/worker.libs.

find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
include(BulkheadCurl)         # CURL::libcurl: the system's, or one that is built in
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(cap REQUIRED IMPORTED_TARGET libcap)
pkg_check_modules(mnl REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(bpf REQUIRED IMPORTED_TARGET libbpf>=1.1)
pkg_check_modules(elf REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd>=1.4)

if(BULKHEAD_TESTS)
    find_package(GTest REQUIRED)
    find_program(BULKHEAD_CLANG clang REQUIRED)
endif()
if(BULKHEAD_TESTS OR BULKHEAD_REFERENCE_BACKEND)
    pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
endif()
