# Splits policy/ into two parts: files of the version, which are installed below share/, and files
# of the operator, which a new host gets below /etc.
set(BULKHEAD_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/bulkhead)
set(BULKHEAD_VENDOR_POLICY ${CMAKE_INSTALL_DATADIR}/bulkhead/policy)
set(BULKHEAD_OPERATORS_FILES README.md approval.policy approved/README.md host.policy)

# The programs find the vendor's policy by a path relative to themselves, so that an installed tree
# can be moved.
file(RELATIVE_PATH BULKHEAD_FROM_BROKER_TO_POLICY
     "/x/${BULKHEAD_LIBEXEC}" "/x/${BULKHEAD_VENDOR_POLICY}")
file(RELATIVE_PATH BULKHEAD_FROM_CLI_TO_POLICY
     "/x/${CMAKE_INSTALL_BINDIR}" "/x/${BULKHEAD_VENDOR_POLICY}")

# The build directory has the same files, so that programs that were built run with their own
# policy.
set(built ${CMAKE_BINARY_DIR}/vendor-policy)
file(GLOB_RECURSE files CONFIGURE_DEPENDS
     RELATIVE ${CMAKE_SOURCE_DIR}/policy ${CMAKE_SOURCE_DIR}/policy/*)
list(REMOVE_ITEM files ${BULKHEAD_OPERATORS_FILES})
list(APPEND files README.md)
list(TRANSFORM files PREPEND ${CMAKE_SOURCE_DIR}/policy/ OUTPUT_VARIABLE sources)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/vendor-policy.stamp
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DFROM=${CMAKE_SOURCE_DIR}/policy -DTO=${built}
            -DVERSION=${PROJECT_VERSION} -P ${CMAKE_SOURCE_DIR}/cmake/lay-policy.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/vendor-policy.stamp
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/cmake/lay-policy.cmake
    COMMENT "Laying out the version's policy" VERBATIM)
add_custom_target(vendor_policy ALL DEPENDS ${CMAKE_BINARY_DIR}/vendor-policy.stamp)
