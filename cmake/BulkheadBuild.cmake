# Compiler and linker flags of each preset, and functions that make libraries, tests and fuzz
# targets.

option(BULKHEAD_TESTS "Build the tests and the reference backend" OFF)
option(BULKHEAD_REFERENCE_BACKEND "Build the reference backend also without the tests" OFF)
option(BULKHEAD_WERROR "Warnings are errors" OFF)
option(BULKHEAD_HARDEN "Compiler and linker hardening of shipped binaries" OFF)
option(BULKHEAD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(BULKHEAD_COUNT "Count the lines that the broker runs once it serves (with --coverage)" OFF)
set(BULKHEAD_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
                    -Wformat=2 -Wimplicit-fallthrough -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # TRY(...) as a statement checks a value and does not use it, and clang warns of that. g++ warns
    # of results that are ignored.
    add_compile_options(-Wno-unused-result)
endif()
# Without the directory's name in it, the output has the same bytes in whatever directory it is
# built.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(BULKHEAD_WERROR)
    add_compile_options(-Werror)
endif()

if(BULKHEAD_HARDEN)
    include(CheckPIESupported)
    check_pie_supported()
    add_compile_options(-fstack-protector-strong -fstack-clash-protection
                        -ftrivial-auto-var-init=zero
                        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        add_compile_options(-fcf-protection=full)
        # The linker marks a program for IBT and shadow stack only if each object file has the note;
        # the C library's start files lack it, so these options set the mark.
        add_link_options(-Wl,-z,ibt,-z,shstk)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
        add_compile_options(-mbranch-protection=standard)
    endif()
    add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
    # A program then links no library that it does not call, so policy/broker.libs stays short.
    add_link_options(-Wl,--as-needed -Wl,--gc-sections)
    add_compile_options(-ffunction-sections -fdata-sections)
endif()

if(BULKHEAD_SANITIZE)
    add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
    add_compile_definitions(BULKHEAD_SANITIZED=1)
endif()
if(BULKHEAD_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# bulkhead_library(NAME [SOURCES a.cpp ...] [LINKS lib ...])
# Makes a static library of a folder. A call to a library that LINKS does not name is a link error;
# but a linker does not see a header, so tests/docs/layers_test.cpp holds every #include against the
# table of docs/architecture.md.
function(bulkhead_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    if(ARG_SOURCES)
        add_library(${name} STATIC ${ARG_SOURCES})
        target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
        target_link_libraries(${name} PUBLIC ${ARG_LINKS})
    else()
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
        target_link_libraries(${name} INTERFACE ${ARG_LINKS})
    endif()
endfunction()

# bulkhead_check(NAME)
# Makes the test program a part of check-ROOM, and of each room above: tests/worker/host/metrics belongs to
# check-worker-host-metrics, check-worker-host and check-worker. Such a target builds what its tests need and runs them.
include(ProcessorCount)
ProcessorCount(BULKHEAD_PROCESSORS)
function(bulkhead_check name)
    file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
    while(room)
        string(REPLACE / - check check-${room})
        if(NOT TARGET ${check})
            add_custom_target(${check} USES_TERMINAL
                COMMAND ${CMAKE_CTEST_COMMAND} --test-dir ${CMAKE_BINARY_DIR}/tests/${room}
                        --output-on-failure -j ${BULKHEAD_PROCESSORS})
        endif()
        add_dependencies(${check} ${name})
        cmake_path(GET room PARENT_PATH room)
    endwhile()
endfunction()

# bulkhead_test(NAME SOURCES a_test.cpp ... [LINKS lib ...] [LABELS l ...] [TIMEOUT seconds])
# Makes a GoogleTest program with an entry in ctest. TIMEOUT ends a test that hangs.
function(bulkhead_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock_main)
    add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
    bulkhead_check(${name})
endfunction()

# bulkhead_fuzz(NAME SOURCES a_fuzz.cpp [LINKS lib ...])
# With the fuzz preset it makes a libFuzzer program; otherwise a test that runs the decoder on the
# seeds. The seeds are in tests/fuzz/corpus/NAME.
function(bulkhead_fuzz name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name}_fuzz ${ARG_SOURCES})
    target_include_directories(${name}_fuzz PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name}_fuzz PRIVATE ${ARG_LINKS})
    set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    if(BULKHEAD_FUZZ)
        target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
        add_test(NAME fuzz_${name} COMMAND ${name}_fuzz -runs=0 ${corpus})
    else()
        target_sources(${name}_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cpp)
        add_test(NAME fuzz_${name} COMMAND ${name}_fuzz ${corpus})
    endif()
    set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
    bulkhead_check(${name}_fuzz)
endfunction()
