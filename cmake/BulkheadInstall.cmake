# What a package holds and where it goes. What needs the prefix of the installation, such as the
# units, is in install.cmake.in.

# Debug information is 30 times the size of the rest. It stays with the programs in the build tree,
# which have the same build id (.note.gnu.build-id) as the stripped ones.
option(BULKHEAD_STRIP "Install programs without symbols and debug information" OFF)
if(BULKHEAD_STRIP)
    # What `cmake --install --strip` sets; before install(TARGETS), whose script reads it.
    install(CODE "set(CMAKE_INSTALL_DO_STRIP TRUE)")
endif()
install(TARGETS broker worker RUNTIME DESTINATION ${BULKHEAD_LIBEXEC})
# The package bulkhead-loader: cmake --install DIR --component loader
install(TARGETS loader RUNTIME DESTINATION ${BULKHEAD_LIBEXEC} COMPONENT loader EXCLUDE_FROM_ALL)
install(FILES systemd/artifacts.conf DESTINATION lib/systemd/system/bulkhead.service.d
        COMPONENT loader EXCLUDE_FROM_ALL)
install(FILES systemd/sysusers-loader.conf DESTINATION lib/sysusers.d RENAME bulkhead-loader.conf
        COMPONENT loader EXCLUDE_FROM_ALL)
install(TARGETS bulkhead RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

configure_file(cmake/install.cmake.in ${CMAKE_BINARY_DIR}/install.cmake @ONLY)
install(SCRIPT ${CMAKE_BINARY_DIR}/install.cmake)

install(DIRECTORY ${CMAKE_BINARY_DIR}/vendor-policy/ DESTINATION ${BULKHEAD_VENDOR_POLICY})
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME bulkhead.conf)
install(FILES systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME bulkhead.conf)
install(FILES README.md SECURITY.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY policy selinux docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
# README links to both by their paths in the repository.
install(FILES worker/backend/bulkhead/openapi.yaml
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/worker/backend/bulkhead)
install(FILES tests/backend/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/tests/backend)
# docs/packaging.md links to these.
install(FILES packaging/oci/compose.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/packaging/oci)
install(DIRECTORY packaging/ansible packaging/cloud-init DESTINATION ${CMAKE_INSTALL_DOCDIR}/packaging)
install(FILES systemd/agent.yaml docs/agent.schema.json CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
