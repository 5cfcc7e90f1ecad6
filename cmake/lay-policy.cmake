# cmake -DFILES=... -DFROM=policy -DTO=DIR -DVERSION=... -P lay-policy.cmake
# The directory is made anew, so that a renamed file does not remain under its old name.
foreach(given FILES FROM TO VERSION)
    if("${${given}}" STREQUAL "")
        message(FATAL_ERROR "${given} is not given")
    endif()
endforeach()
file(REMOVE_RECURSE ${TO})
foreach(file IN LISTS FILES)
    cmake_path(GET file PARENT_PATH folder)
    file(COPY ${FROM}/${file} DESTINATION ${TO}/${folder}
         FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
         DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
                               GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
file(WRITE ${TO}/vendor.policy
"# Which program this directory belongs to; one of another version does not take it.
policy-format 2   # of all files here
version ${VERSION}   # the package's
")
