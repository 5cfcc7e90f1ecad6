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
# `cmake --install DIR --component documents` installs the pages alone.
install(FILES README.md SECURITY.md LICENSE CHANGELOG.md CONTRIBUTING.md systemd/agent.yaml docs/agent.schema.json
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)
install(DIRECTORY policy selinux docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents
        PATTERN docs/man EXCLUDE)
# Pages link to these by their paths in the repository.
install(FILES worker/backend/bulkhead/openapi.yaml
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/worker/backend/bulkhead COMPONENT documents)
install(FILES tests/backend/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/tests/backend COMPONENT documents)
install(FILES packaging/oci/compose.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/packaging/oci COMPONENT documents)
install(DIRECTORY packaging/ansible packaging/cloud-init DESTINATION ${CMAKE_INSTALL_DOCDIR}/packaging
        COMPONENT documents)
install(FILES cli/complete/shells/bulkhead.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME bulkhead)
install(FILES cli/complete/shells/_bulkhead DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES cli/complete/shells/bulkhead.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
