# policy/ holds two things: what belongs to the version and goes below share/, and what a fresh host
# gets to decide in /etc.
set(BULKHEAD_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/bulkhead)
set(BULKHEAD_VENDOR_POLICY ${CMAKE_INSTALL_DATADIR}/bulkhead/policy)
set(BULKHEAD_OPERATORS_FILES README.md approval.policy approved/README.md host.policy)

# From the programs, so that a tree may be moved as a whole.
file(RELATIVE_PATH BULKHEAD_FROM_BROKER_TO_POLICY "/x/${BULKHEAD_LIBEXEC}" "/x/${BULKHEAD_VENDOR_POLICY}")
file(RELATIVE_PATH BULKHEAD_FROM_CLI_TO_POLICY "/x/${CMAKE_INSTALL_BINDIR}" "/x/${BULKHEAD_VENDOR_POLICY}")

# In the build it lies as it will be installed, so that what was built runs with its own.
set(built ${CMAKE_BINARY_DIR}/vendor-policy)
file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/policy ${CMAKE_SOURCE_DIR}/policy/*)
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
