# CURL::libcurl, which the worker speaks HTTP with, by BULKHEAD_CURL:
#   system   the distribution's, shared: its security updates reach the worker
#   lean     static, of HTTP and its proxies alone, as scripts/lean-curl made it in build/lean-curl
# Sets BULKHEAD_CURL_DEFINITIONS, by which worker/backend/http/curl_release.cpp tells them apart, and the tests.
set(BULKHEAD_CURL system CACHE STRING "libcurl: system (shared) or lean (built in, scripts/lean-curl)")
set_property(CACHE BULKHEAD_CURL PROPERTY STRINGS system lean)

set(BULKHEAD_CURL_DEFINITIONS)
if(BULKHEAD_CURL STREQUAL "system")
    find_package(CURL 7.88 REQUIRED)
elseif(BULKHEAD_CURL STREQUAL "lean")
    set(place ${CMAKE_SOURCE_DIR}/build/lean-curl)
    if(NOT EXISTS ${place}/release)
        message(FATAL_ERROR "BULKHEAD_CURL=lean needs build/lean-curl; make it: scripts/lean-curl")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${place}/release)
    file(READ ${place}/release release)
    if(NOT release MATCHES "^version ([^\n]+)\nnewest-on ([0-9]+-[0-9]+-[0-9]+)\n$")
        message(FATAL_ERROR "${place}/release has not the two lines that scripts/lean-curl writes")
    endif()
    set(BULKHEAD_CURL_DEFINITIONS
        BULKHEAD_LEAN_CURL BULKHEAD_CURL_VERSION="${CMAKE_MATCH_1}" BULKHEAD_CURL_NEWEST_ON="${CMAKE_MATCH_2}T00:00:00Z")
    add_library(CURL::libcurl STATIC IMPORTED GLOBAL)
    set_target_properties(CURL::libcurl PROPERTIES
        IMPORTED_LOCATION ${place}/libcurl.a
        INTERFACE_INCLUDE_DIRECTORIES ${place}/include
        INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;Threads::Threads")
else()
    message(FATAL_ERROR "BULKHEAD_CURL is ${BULKHEAD_CURL}; it is system or lean")
endif()
