# What a package holds and where it goes.
set(BULKHEAD_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/bulkhead)

install(TARGETS broker worker RUNTIME DESTINATION ${BULKHEAD_LIBEXEC})
install(TARGETS bulkhead RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# `broker` in the administrator's path; jobs are vetted with it on any machine.
install(CODE "
    set(sbin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
    file(MAKE_DIRECTORY \"\${sbin}\")
    file(CREATE_LINK \"../${BULKHEAD_LIBEXEC}/broker\" \"\${sbin}/broker\" SYMBOLIC)")

install(DIRECTORY policy/ DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/bulkhead/policy
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(FILES systemd/agent.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/bulkhead
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES systemd/bulkhead.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
install(FILES systemd/sysusers.conf DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d RENAME bulkhead.conf)
install(FILES systemd/tmpfiles.conf DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d RENAME bulkhead.conf)
install(FILES README.md SECURITY.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
