# Writes the agent's two units from their templates in systemd/, which share the hardening of
# walls.conf.in, and two that only look at it, with a sandbox of their own.
#   cmake -DFROM=systemd -DTO=DIR -DBULKHEAD_LIBEXEC=... -DBULKHEAD_BIN=... -DBULKHEAD_ETC=...
#         -DBULKHEAD_DOC=... -P write-units.cmake
# or, with these variables set, by include(). A unit without hardening is an error.
foreach(place BULKHEAD_LIBEXEC BULKHEAD_BIN BULKHEAD_ETC BULKHEAD_DOC)
    if("${${place}}" STREQUAL "")
        message(FATAL_ERROR "${place} is not given, and the units would name files below /")
    endif()
endforeach()
file(READ "${FROM}/walls.conf.in" BULKHEAD_WALLS)
string(STRIP "${BULKHEAD_WALLS}" BULKHEAD_WALLS)
string(CONFIGURE "${BULKHEAD_WALLS}" BULKHEAD_WALLS @ONLY)
foreach(name bulkhead bulkhead-checkin bulkhead-metrics bulkhead-http)
    configure_file("${FROM}/${name}.service.in" "${TO}/${name}.service" @ONLY)
    file(STRINGS "${TO}/${name}.service" hardened REGEX "^NoNewPrivileges=yes$")
    if(NOT hardened)
        message(FATAL_ERROR "${name}.service has no line NoNewPrivileges=yes: either "
            "${FROM}/walls.conf.in lacks it, or ${name}.service.in, or that does not say @BULKHEAD_WALLS@")
    endif()
endforeach()
