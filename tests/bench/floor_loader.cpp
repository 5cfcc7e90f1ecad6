// floor-loader OBJECT INTERFACE: the least that attaches an XDP program of an object: libbpf,
// nothing before and nothing around it. Prints "x" when it is attached; the link ends with the
// process.
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cstdlib>

int main(int count, char** words) {
    if (count != 3) return 2;
    bpf_object* const object = bpf_object__open(words[1]);
    if (object == nullptr || bpf_object__load(object) != 0) return 1;
    const bpf_program* const program = bpf_object__next_program(object, nullptr);
    if (bpf_program__attach_xdp(program, std::atoi(words[2])) == nullptr) return 1;
    return ::write(STDOUT_FILENO, "x", 1) == 1 ? 0 : 1;
}
