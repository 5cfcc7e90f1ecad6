# bulkhead_bpf_objects(TARGET a.bpf.c ...)
# Compiles each source to ${CMAKE_CURRENT_BINARY_DIR}/a.o, an object file with BTF for the kernel's virtual machine.
# clang is the only compiler here that makes BPF; a program that is built thus runs on every kernel (CO-RE).
find_program(BULKHEAD_CLANG clang)
function(bulkhead_bpf_objects target)
    set(objects)
    foreach(source IN LISTS ARGN)
        string(REPLACE .bpf.c .o object ${source})
        add_custom_command(
            OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${object}
            COMMAND ${BULKHEAD_CLANG} -O2 -g -Wall -Werror -target bpf
                    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
                    -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
                    -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
            DEPENDS ${source}
            VERBATIM)
        list(APPEND objects ${CMAKE_CURRENT_BINARY_DIR}/${object})
    endforeach()
    add_custom_target(${target} ALL DEPENDS ${objects})
endfunction()
