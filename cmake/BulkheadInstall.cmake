# What a package holds and where it goes. Below /usr the settings belong into /etc, as everywhere;
# below any other prefix they stay beneath it, and the unit says where.

install(TARGETS broker worker RUNTIME DESTINATION ${BULKHEAD_LIBEXEC})
install(TARGETS bulkhead RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# `broker` in the administrator's path; jobs are vetted with it on any machine.
install(CODE "
    set(sbin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
    file(MAKE_DIRECTORY \"\${sbin}\")
    file(CREATE_LINK \"../${BULKHEAD_LIBEXEC}/broker\" \"\${sbin}/broker\" SYMBOLIC)")

# At install time, when the prefix is known for good. What an operator may have edited is never
# overwritten; beside the documentation stands what was shipped, to compare with.
install(CODE "
    set(BULKHEAD_LIBEXEC ${BULKHEAD_LIBEXEC})
    set(BULKHEAD_ETC ${CMAKE_INSTALL_SYSCONFDIR}/bulkhead)
    if(\"\${CMAKE_INSTALL_PREFIX}\" STREQUAL \"/usr\")
        set(BULKHEAD_ETC /etc/bulkhead)
    endif()
    set(BULKHEAD_DOC ${CMAKE_INSTALL_DOCDIR})
    foreach(path BULKHEAD_LIBEXEC BULKHEAD_ETC BULKHEAD_DOC)
        cmake_path(ABSOLUTE_PATH \${path} BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\" NORMALIZE)
    endforeach()

    # Both units stand behind the same walls, written down once.
    file(READ \"${CMAKE_SOURCE_DIR}/systemd/bulkhead.service.in\" unit)
    string(REGEX MATCH \"# --- What holds for.*\\n\\n# Left out\" BULKHEAD_WALLS \"\${unit}\")
    string(REPLACE \"\\n\\n# Left out\" \"\" BULKHEAD_WALLS \"\${BULKHEAD_WALLS}\")
    string(CONFIGURE \"\${BULKHEAD_WALLS}\" BULKHEAD_WALLS @ONLY)
    foreach(name bulkhead bulkhead-checkin)
        configure_file(\"${CMAKE_SOURCE_DIR}/systemd/\${name}.service.in\"
                       \"${CMAKE_BINARY_DIR}/\${name}.service\" @ONLY)
    endforeach()
    file(INSTALL \"${CMAKE_BINARY_DIR}/bulkhead.service\" \"${CMAKE_BINARY_DIR}/bulkhead-checkin.service\"
                 \"${CMAKE_SOURCE_DIR}/systemd/bulkhead-checkin.timer\"
         DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")

    function(install_unless_there from to)
        if(EXISTS \"\$ENV{DESTDIR}\${to}\")
            message(STATUS \"Kept: \${to}\")
            return()
        endif()
        cmake_path(GET to PARENT_PATH folder)
        file(INSTALL \"\${from}\" DESTINATION \"\${folder}\" PERMISSIONS \${ARGN})
    endfunction()
    install_unless_there(\"${CMAKE_SOURCE_DIR}/systemd/agent.yaml\" \"\${BULKHEAD_ETC}/agent.yaml\"
                         OWNER_READ OWNER_WRITE GROUP_READ)
    foreach(file IN ITEMS ${BULKHEAD_OPERATORS_FILES})
        install_unless_there(\"${CMAKE_SOURCE_DIR}/policy/\${file}\" \"\${BULKHEAD_ETC}/policy/\${file}\"
                             OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    endforeach()")
# Whole, and nothing of an earlier version's: each file there counts.
install(CODE "file(REMOVE_RECURSE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${BULKHEAD_VENDOR_POLICY}\")")
install(DIRECTORY ${CMAKE_BINARY_DIR}/vendor-policy/ DESTINATION ${BULKHEAD_VENDOR_POLICY})
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME bulkhead.conf)
install(FILES systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME bulkhead.conf)
install(FILES README.md SECURITY.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY policy selinux DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES systemd/agent.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
